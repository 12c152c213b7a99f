"""Ends of calls of openrouter/router and of its OpenAI-compatible endpoints."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.llm.endpoints import OPENAI, variant_of
from fakefal.protocol.llm.messages import in_any_llm_words
from fakefal.scenario.compiled.reply import Ending
from fakefal.scenario.compiled.settings import Terms
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.scenario import Reply
from fakefal.scenario.render.llm.outcome import spoken_ending
from fakefal.scenario.render.outcome import stream_events, variables_of
from tests.scenario.strategies import call

ROUTER = "openrouter/router"
CHAT = f"{ROUTER}/openai/v1/chat/completions"
RESPONSES = f"{ROUTER}/openai/v1/responses"
EMBEDDINGS = f"{ROUTER}/openai/v1/embeddings"
MODEL = "openai/gpt-4o"


def asked(endpoint: str, prompt: str = "hi", **more: Any) -> dict[str, Any]:
    """An input that says a prompt in the words of an endpoint."""
    if endpoint == CHAT:
        said: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}]}
    else:
        said = {"input": prompt} if endpoint == RESPONSES else {"prompt": prompt}
    return {"model": MODEL, **said, **more}


def end(
    reply: dict[str, Any], input_: dict[str, Any], endpoint: str, terms: Terms | None = None
) -> Ending:
    """The end that a reply gives a call."""
    return ended(reply, input_, endpoint, terms)[0]


def events(reply: dict[str, Any], input_: dict[str, Any], endpoint: str) -> list[Any]:
    """The events of the stream that a reply gives a call."""
    return ended(reply, input_, endpoint)[1]


def ended(
    reply: dict[str, Any], input_: dict[str, Any], endpoint: str, terms: Terms | None = None
) -> tuple[Ending, list[Any]]:
    terms = terms or Terms(seed=7)
    plan = compile_reply(Reply.model_validate(reply))
    to = call(input_, endpoint)
    variant = variant_of(to.endpoint)
    if variant in OPENAI:
        to.read_as = in_any_llm_words(variant, input_)
    ending = spoken_ending(plan, to, "019b-77", 1, terms, 1_700_000_000.5)
    if not ending.outcome.is_success:
        return ending, []
    variables = variables_of(to, "019b-77", 1, terms.seed)
    return ending, list(stream_events(plan, ending, variables, terms.switches))
