"""How calls of openrouter/router and of its OpenAI-compatible endpoints end."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.llm import chat, responses
from fakefal.protocol.llm.anyllm import OUTPUT_ALONE, OutputShape, output_shape
from fakefal.protocol.llm.chat import ChatForm
from fakefal.protocol.llm.completion import Form, Head, Speech, ToolCall
from fakefal.protocol.llm.endpoints import OPENAI, variant_of
from fakefal.protocol.llm.messages import conversation_of
from fakefal.protocol.llm.openai import in_openai_words
from fakefal.protocol.llm.responses import ResponsesForm
from fakefal.protocol.llm.router import RouterForm
from fakefal.protocol.llm.tokens import Usage, tokens_in
from fakefal.scenario.compiled.reply import Ending, Plan, Spoken
from fakefal.scenario.compiled.settings import Terms
from fakefal.scenario.render.json_examples import example_of
from fakefal.scenario.render.llm.embeddings import embedded
from fakefal.scenario.render.llm.request import (
    Asked,
    wanted_choices,
    wanted_json,
    wanted_tool,
    wants_reasoning,
)
from fakefal.scenario.render.llm.usage import completion_tokens, metered, prompt_tokens
from fakefal.scenario.render.outcome import as_text, dressed, variables_of
from fakefal.scenario.values.seeded import numbers, reasoning_about, text_about

_BARE = frozenset(("router-vision", "router-audio", "router-video"))


def spoken_ending(
    plan: Plan, call: Call, request_id: str, count: int, terms: Terms, now: float
) -> Ending:
    """The end that a plan gives a call; raises TemplateError. ``now`` in seconds since 1970."""
    variant = variant_of(call.endpoint)
    assert variant is not None, call.endpoint
    variables = variables_of(call, request_id, count, terms.seed)
    model = call.input.get("model") if isinstance(call.input, dict) else None
    head = Head(request_id, int(now), model if isinstance(model, str) else "")
    asked = Asked(variant, call, terms, head, variables)
    if plan.fail is not None:
        outcome = plan.fail(call.endpoint, variables)
        is_told = variant in OPENAI and not plan.fails_literally
        if is_told and terms.switches.openai_errors == "openai":
            outcome = in_openai_words(outcome)
        ending = Ending(outcome, _shape(asked))
    elif variant == "embeddings":
        ending = embedded(plan, asked)
    else:
        ending = _said(plan, asked)
    return dressed(ending, plan, variables)


def _shape(asked: Asked) -> OutputShape:
    """The shape of a router's output; those of OpenAI have forms of their own."""
    if asked.variant in _BARE or asked.variant in OPENAI:
        return OUTPUT_ALONE
    return output_shape(asked.variant, asked.call.input, asked.terms.switches.period)


def _form(asked: Asked) -> Form:
    if asked.variant == "chat":
        options = asked.body.get("stream_options")
        wants = isinstance(options, dict) and options.get("include_usage") is True
        return ChatForm(asked.head, wants)
    if asked.variant == "responses":
        return ResponsesForm(asked.head, asked.body)
    return RouterForm(_shape(asked), asked.terms.switches.repeat_complete)


def _said(plan: Plan, asked: Asked) -> Ending:
    """The end of a call that is answered with words."""
    shape, form = _shape(asked), _form(asked)
    literal: Json = None
    if plan.output is None:
        said = _written(plan, asked)
    else:
        output = plan.output.render(asked.variables)
        is_own, found = _read_output(output, asked)
        if found is None:
            return Ending(Outcome(200, output, encode(output)), shape)
        said, literal = found, output if is_own else None
    speech = _speech(plan, asked, said, literal)
    body = form.whole(speech) if literal is None else literal
    is_listed = plan.pacing.events is not None
    is_router = asked.variant not in OPENAI
    follows = is_listed and is_router and (plan.text is not None or plan.output is not None)
    spoken = Spoken(speech, form, follows)
    outcome = Outcome(200, body, encode(body))
    return Ending(outcome, shape, speech.text, spoken=spoken, cost=speech.usage.cost)


def _speech(plan: Plan, asked: Asked, said: dict[str, Any], literal: Json) -> Speech:
    """What is said, with what it used."""
    texts, calls = said["texts"], said.get("tool_calls", ())
    reasoning, error = said.get("reasoning"), said.get("error")
    thought = tokens_in(reasoning) if reasoning else 0
    lines = conversation_of(asked.variant, asked.body)
    counted = Usage(
        prompt_tokens(lines, asked.body.get("tools")),
        completion_tokens(texts, calls) + thought,
        thought,
    )
    told = literal.get("usage") if isinstance(literal, dict) else None
    told = told if isinstance(told, dict) else None
    usage = metered(counted, plan.meter, told, asked.head.model, asked.terms.prices)
    finish = plan.finish or said.get("finish")
    if finish is None:
        finish = "error" if error is not None else "tool_calls" if calls else "stop"
    return Speech(texts, usage, reasoning, error, calls, finish)


def _written(plan: Plan, asked: Asked) -> dict[str, Any]:
    """What a reply says, and what is generated where it says nothing: fields of a Speech."""
    variables = asked.variables
    error = None if plan.error is None else as_text(plan.error.render(variables))
    calls = _calls(plan, asked)
    if plan.text is not None:
        texts = (as_text(plan.text.render(variables)),) * _choices(asked)
    else:
        if not calls:
            calls = _generated_calls(asked)
        texts = ("",) if calls else _generated_texts(asked)
    return {
        "texts": texts,
        "reasoning": _reasoning(plan, asked),
        "error": error,
        "tool_calls": calls,
    }


def _choices(asked: Asked) -> int:
    return wanted_choices(asked.variant, asked.body)


def _reasoning(plan: Plan, asked: Asked) -> str | None:
    """The reasoning that is shown: to who asks for it, and OpenAI's to all who do not refuse."""
    if asked.variant not in OPENAI:
        is_shown: bool | None = _shape(asked).shows_reasoning
    else:
        is_shown = wants_reasoning(asked.variant, asked.body)
        if is_shown is None:
            is_shown = plan.reasoning is not None
    if not is_shown:
        return None
    if plan.reasoning is None:
        return reasoning_about(*asked.about)
    return as_text(plan.reasoning.render(asked.variables))


def _calls(plan: Plan, asked: Asked) -> tuple[ToolCall, ...]:
    """The tool calls of a reply; only OpenAI's endpoints can tell them."""
    if plan.tool_calls is None or asked.variant not in OPENAI:
        return ()
    found = []
    for number, spec in enumerate(plan.tool_calls.render(asked.variables)):
        arguments = spec.get("arguments", {})
        text = arguments if isinstance(arguments, str) else encode(arguments).decode()
        id_ = spec.get("id")
        id_ = f"call_{asked.head.mark}{number}" if id_ is None else as_text(id_)
        found.append(ToolCall(id_, as_text(spec["name"]), text))
    return tuple(found)


def _generated_calls(asked: Asked) -> tuple[ToolCall, ...]:
    """The call of a tool that the caller demands."""
    tool = wanted_tool(asked.body) if asked.variant in OPENAI else None
    if tool is None:
        return ()
    arguments = example_of(tool.parameters, numbers("tool", *asked.about))
    text = encode(arguments).decode()
    return (ToolCall(f"call_{asked.head.mark}0", tool.name, text),)


def _generated_texts(asked: Asked) -> tuple[str, ...]:
    schema = wanted_json(asked.variant, asked.body) if asked.variant in OPENAI else None
    found = []
    for index in range(_choices(asked)):
        about = asked.about if index == 0 else (*asked.about, str(index))
        if schema is None:
            found.append(text_about(*about))
        else:
            found.append(encode(example_of(schema, numbers("json", *about))).decode())
    return tuple(found)


def _read_output(output: Json, asked: Asked) -> tuple[bool, dict[str, Any] | None]:
    """What a scripted output says, and whether it is the endpoint's whole answer as it stands.

    An answer in another endpoint's form is told in this one's; other JSON is what an OpenAI-
    compatible endpoint's model says, and the router's whole answer.
    """
    if chat.is_completion(output):
        return asked.variant == "chat", chat.said_in(output)
    if responses.is_response(output):
        return asked.variant == "responses", responses.said_in(output)
    if asked.variant not in OPENAI:
        return True, None
    if isinstance(output, dict) and isinstance(output.get("output"), str):
        reasoning = output.get("reasoning")
        reasoning = reasoning if isinstance(reasoning, str) else None
        return False, {"texts": (output["output"],), "reasoning": reasoning}
    text = output if isinstance(output, str) else encode(output).decode()
    return False, {"texts": (text,) * _choices(asked)}
