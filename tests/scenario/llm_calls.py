"""Calls of openrouter/router and of its OpenAI-compatible endpoints, and their outcomes."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.llm.endpoints import OPENAI_APIS
from fakefal.protocol.llm.messages import add_prompt_fields
from fakefal.scenario.compiled.reply import RenderedOutcome
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.render.llm.outcome import render_llm_outcome
from fakefal.scenario.render.outcome import stream_events, template_variables
from tests.scenario.strategies import call

ROUTER = "openrouter/router"
CHAT = f"{ROUTER}/openai/v1/chat/completions"
RESPONSES = f"{ROUTER}/openai/v1/responses"
EMBEDDINGS = f"{ROUTER}/openai/v1/embeddings"
MODEL = "openai/gpt-4o"


def llm_input(endpoint: str, prompt: str = "hi", **fields: Any) -> dict[str, Any]:
    """An input with a prompt in the format of an endpoint."""
    if endpoint == CHAT:
        prompt_fields: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}]}
    else:
        prompt_fields = {"input": prompt} if endpoint == RESPONSES else {"prompt": prompt}
    return {"model": MODEL, **prompt_fields, **fields}


def outcome_of(
    reply: dict[str, Any],
    input_: dict[str, Any],
    endpoint: str,
    settings: EffectiveSettings | None = None,
) -> RenderedOutcome:
    """The outcome of a call."""
    return render(reply, input_, endpoint, settings)[0]


def events_of(reply: dict[str, Any], input_: dict[str, Any], endpoint: str) -> list[Any]:
    """The events of a call's stream."""
    return render(reply, input_, endpoint)[1]


def render(
    reply: dict[str, Any],
    input_: dict[str, Any],
    endpoint: str,
    settings: EffectiveSettings | None = None,
) -> tuple[RenderedOutcome, list[Any]]:
    settings = settings or EffectiveSettings(seed=7)
    compiled = compile_reply(Reply.model_validate(reply))
    llm_call = call(input_, endpoint)
    llm_api = llm_call.endpoint.llm_api
    if llm_api in OPENAI_APIS:
        llm_call.normalized_input = add_prompt_fields(llm_api, input_)
    rendered = render_llm_outcome(compiled, llm_call, "019b-77", 1, settings, 1_700_000_000.5)
    if not rendered.outcome.is_success:
        return rendered, []
    variables = template_variables(llm_call, "019b-77", 1, settings.seed)
    return rendered, list(stream_events(compiled, rendered, variables, settings.flags))
