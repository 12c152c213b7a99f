"""Renders outcomes of openrouter/router and of its OpenAI-compatible endpoints."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.llm import chat, responses
from fakefal.protocol.llm.anyllm import BARE_OUTPUT, OutputShape, output_shape
from fakefal.protocol.llm.chat import ChatFormat
from fakefal.protocol.llm.completion import Completion, ResponseFormat, ResponseHead, ToolCall
from fakefal.protocol.llm.endpoints import OPENAI_APIS
from fakefal.protocol.llm.messages import messages_of
from fakefal.protocol.llm.openai import to_openai_error
from fakefal.protocol.llm.responses import ResponsesFormat
from fakefal.protocol.llm.router import RouterFormat
from fakefal.protocol.llm.tokens import Usage, estimate_tokens
from fakefal.scenario.compiled.reply import CompiledReply, LlmCompletion, RenderedOutcome
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.render.json_examples import example_of
from fakefal.scenario.render.llm.embeddings import render_embeddings
from fakefal.scenario.render.llm.limits import limit_text
from fakefal.scenario.render.llm.request import (
    LlmRequest,
    is_reasoning_requested,
    requested_choices,
    requested_schema,
    required_tool,
)
from fakefal.scenario.render.llm.usage import completion_tokens, compute_usage, prompt_tokens
from fakefal.scenario.render.outcome import apply_overrides, as_text, template_variables
from fakefal.scenario.values.generated_text import seeded_reasoning, seeded_text
from fakefal.scenario.values.seeded import seeded_numbers

_BARE = frozenset(("router-vision", "router-audio", "router-video"))


def render_llm_outcome(
    reply: CompiledReply,
    call: Call,
    request_id: str,
    count: int,
    settings: EffectiveSettings,
    now: float,
) -> RenderedOutcome:
    """The outcome of a call; raises TemplateError. ``now`` in seconds since 1970."""
    llm_api = call.endpoint.llm_api
    assert llm_api is not None, call.endpoint
    variables = template_variables(call, request_id, count, settings.seed)
    model = call.input.get("model") if isinstance(call.input, dict) else None
    head = ResponseHead(request_id, int(now), model if isinstance(model, str) else "")
    request = LlmRequest(llm_api, call, settings, head, variables)
    if reply.fail is not None:
        outcome = reply.fail(call.endpoint, variables)
        is_openai_error = llm_api in OPENAI_APIS and not reply.is_failure_literal
        if is_openai_error and settings.flags.openai_errors == "openai":
            outcome = to_openai_error(outcome)
        rendered = RenderedOutcome(outcome, _shape(request))
    elif llm_api == "embeddings":
        rendered = render_embeddings(reply, request)
    else:
        rendered = _render_completion(reply, request)
    return apply_overrides(rendered, reply, variables)


def _shape(request: LlmRequest) -> OutputShape:
    """The shape of a router's output; for OpenAI's endpoints a placeholder, as they have none."""
    if request.llm_api in _BARE or request.llm_api in OPENAI_APIS:
        return BARE_OUTPUT
    return output_shape(request.llm_api, request.call.input, request.settings.flags.schema_version)


def _response_format(request: LlmRequest) -> ResponseFormat:
    if request.llm_api == "chat":
        options = request.body.get("stream_options")
        wants = isinstance(options, dict) and options.get("include_usage") is True
        return ChatFormat(request.head, wants)
    if request.llm_api == "responses":
        return ResponsesFormat(request.head, request.body)
    return RouterFormat(_shape(request), request.settings.flags.repeat_complete)


def _render_completion(reply: CompiledReply, request: LlmRequest) -> RenderedOutcome:
    """The outcome of a call that is answered with text or tool calls."""
    shape, response_format = _shape(request), _response_format(request)
    literal: Json = None
    if reply.output is None:
        content = _written_content(reply, request)
    else:
        output = reply.output.render(request.variables)
        is_own, parsed = _read_output(output, request)
        if parsed is None:
            return RenderedOutcome(Outcome(200, output, encode(output)), shape)
        content, literal = parsed, output if is_own else None
    completion = _completion(reply, request, content, literal)
    body = response_format.body(completion) if literal is None else literal
    is_listed = reply.pacing.events is not None
    is_router = request.llm_api not in OPENAI_APIS
    follows_listed_events = (
        is_listed and is_router and (reply.text is not None or reply.output is not None)
    )
    llm_completion = LlmCompletion(completion, response_format, follows_listed_events)
    outcome = Outcome(200, body, encode(body))
    return RenderedOutcome(
        outcome, shape, completion.text, llm_completion=llm_completion, cost=completion.usage.cost
    )


def _completion(
    reply: CompiledReply, request: LlmRequest, content: dict[str, Any], literal: Json
) -> Completion:
    """A completion from its fields, with its usage and finish reason."""
    texts, tool_calls = content["texts"], content.get("tool_calls", ())
    reasoning, error = content.get("reasoning"), content.get("error")
    reasoning_tokens = estimate_tokens(reasoning) if reasoning else 0
    messages = messages_of(request.llm_api, request.body)
    estimate = Usage(
        prompt_tokens(messages, request.body.get("tools")),
        completion_tokens(texts, tool_calls) + reasoning_tokens,
        reasoning_tokens,
    )
    scripted_usage = literal.get("usage") if isinstance(literal, dict) else None
    scripted_usage = scripted_usage if isinstance(scripted_usage, dict) else None
    usage = compute_usage(
        estimate, reply.usage, scripted_usage, request.head.model, request.settings.prices
    )
    finish = reply.finish_reason or content.get("finish_reason")
    if finish is None:
        finish = "error" if error is not None else "tool_calls" if tool_calls else "stop"
    return Completion(texts, usage, reasoning, error, tool_calls, finish)


def _written_content(reply: CompiledReply, request: LlmRequest) -> dict[str, Any]:
    """Fields of a ``Completion``: scripted by the reply, else generated."""
    variables = request.variables
    error = None if reply.error is None else as_text(reply.error.render(variables))
    tool_calls = _scripted_tool_calls(reply, request)
    finish = None
    if reply.text is not None:
        texts = (as_text(reply.text.render(variables)),) * _requested_choices(request)
    else:
        if not tool_calls:
            tool_calls = _generated_tool_calls(request)
        texts = ("",) if tool_calls else _generated_texts(request)
        if error is None and not tool_calls:
            limited = [limit_text(text, request.body) for text in texts]
            texts, finish = tuple(text for text, _ in limited), limited[0][1]
    return {
        "texts": texts,
        "reasoning": _reasoning(reply, request),
        "error": error,
        "tool_calls": tool_calls,
        "finish_reason": finish,
    }


def _requested_choices(request: LlmRequest) -> int:
    return requested_choices(request.llm_api, request.body)


def _reasoning(reply: CompiledReply, request: LlmRequest) -> str | None:
    """The reasoning in the output; None if the endpoint does not return it for this input.

    The router returns it on request; OpenAI's endpoints unless the input excludes it, if scripted.
    """
    if request.llm_api not in OPENAI_APIS:
        is_shown: bool | None = _shape(request).shows_reasoning
    else:
        is_shown = is_reasoning_requested(request.llm_api, request.body)
        if is_shown is None:
            is_shown = reply.reasoning is not None
    if not is_shown:
        return None
    if reply.reasoning is None:
        return seeded_reasoning(*request.seed_parts)
    return as_text(reply.reasoning.render(request.variables))


def _scripted_tool_calls(reply: CompiledReply, request: LlmRequest) -> tuple[ToolCall, ...]:
    """The tool calls of a reply; only OpenAI's endpoints return tool calls."""
    if reply.tool_calls is None or request.llm_api not in OPENAI_APIS:
        return ()
    tool_calls = []
    for number, spec in enumerate(reply.tool_calls.render(request.variables)):
        arguments = spec.get("arguments", {})
        text = arguments if isinstance(arguments, str) else encode(arguments).decode()
        id_ = spec.get("id")
        id_ = f"call_{request.head.id_stem}{number}" if id_ is None else as_text(id_)
        tool_calls.append(ToolCall(id_, as_text(spec["name"]), text))
    return tuple(tool_calls)


def _generated_tool_calls(request: LlmRequest) -> tuple[ToolCall, ...]:
    """A call of the tool that the input requires, with arguments for its schema."""
    tool = required_tool(request.body) if request.llm_api in OPENAI_APIS else None
    if tool is None:
        return ()
    arguments = example_of(tool.parameters, seeded_numbers("tool", *request.seed_parts))
    text = encode(arguments).decode()
    return (ToolCall(f"call_{request.head.id_stem}0", tool.name, text),)


def _generated_texts(request: LlmRequest) -> tuple[str, ...]:
    schema = (
        requested_schema(request.llm_api, request.body) if request.llm_api in OPENAI_APIS else None
    )
    texts = []
    for index in range(_requested_choices(request)):
        about = request.seed_parts if index == 0 else (*request.seed_parts, str(index))
        if schema is None:
            texts.append(seeded_text(*about))
        else:
            texts.append(encode(example_of(schema, seeded_numbers("json", *about))).decode())
    return tuple(texts)


def _read_output(output: Json, request: LlmRequest) -> tuple[bool, dict[str, Any] | None]:
    """Whether a scripted output is in the endpoint's own format, and the fields of its completion.

    An output in another endpoint's format is converted to this one's. Other JSON is the complete
    output of the router (the fields are None), and the text of the OpenAI-compatible endpoints.
    """
    if chat.is_completion(output):
        return request.llm_api == "chat", chat.completion_fields(output)
    if responses.is_response(output):
        return request.llm_api == "responses", responses.completion_fields(output)
    if request.llm_api not in OPENAI_APIS:
        return True, None
    if isinstance(output, dict) and isinstance(output.get("output"), str):
        reasoning = output.get("reasoning")
        reasoning = reasoning if isinstance(reasoning, str) else None
        return False, {"texts": (output["output"],), "reasoning": reasoning}
    text = output if isinstance(output, str) else encode(output).decode()
    return False, {"texts": (text,) * _requested_choices(request)}
