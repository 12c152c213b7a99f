"""Outcomes of calls for embeddings."""

from __future__ import annotations

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.llm.anyllm import BARE_OUTPUT
from fakefal.protocol.llm.embeddings import (
    default_dimensions,
    embedding_list,
    to_single_precision,
    vector_of,
)
from fakefal.protocol.llm.messages import texts_to_embed
from fakefal.protocol.llm.openai import MAX_DIMENSIONS
from fakefal.protocol.llm.tokens import Usage, estimate_tokens
from fakefal.scenario.compiled.reply import CompiledReply, RenderedOutcome
from fakefal.scenario.render.llm.request import LlmRequest
from fakefal.scenario.render.llm.usage import compute_usage


def render_embeddings(reply: CompiledReply, request: LlmRequest) -> RenderedOutcome:
    """The outcome: a scripted body, scripted vectors, or vectors generated from the texts."""
    input_ = request.body
    texts = texts_to_embed(input_.get("input"))
    output = None if reply.output is None else reply.output.render(request.variables)
    estimate = Usage(sum(map(estimate_tokens, texts)), 0)
    scripted_usage = output.get("usage") if isinstance(output, dict) else None
    scripted_usage = scripted_usage if isinstance(scripted_usage, dict) else None
    usage = compute_usage(
        estimate, reply.usage, scripted_usage, request.head.model, request.settings.prices
    )
    if isinstance(output, dict):
        body: Json = output
    else:
        size = _dimensions(input_.get("dimensions"), request.head.model)
        about = f"{request.settings.seed};{request.head.model}"
        vectors = _scripted_vectors(output, len(texts))
        if vectors is None:
            vectors = [vector_of(text, size, about) for text in texts]
        is_base64 = input_.get("encoding_format") == "base64"
        body = embedding_list(vectors, request.head.model, usage, is_base64=is_base64)
    return RenderedOutcome(Outcome(200, body, encode(body)), BARE_OUTPUT, cost=usage.cost)


def _dimensions(requested: Json, model: str) -> int:
    """The length of the vectors; an invalid ``dimensions`` is ignored (``validate: false``)."""
    is_count = isinstance(requested, int) and not isinstance(requested, bool)
    return requested if is_count and 0 < requested <= MAX_DIMENSIONS else default_dimensions(model)


def _scripted_vectors(output: Json, count: int) -> list[list[float]] | None:
    """One vector for all texts, or a list of vectors used in turn; None for another output."""
    if not isinstance(output, list) or not output:
        return None
    rows = output if isinstance(output[0], list) else [output]
    if not all(isinstance(row, list) and all(map(_is_number, row)) for row in rows):
        return None
    return [to_single_precision(rows[index % len(rows)]) for index in range(count)]


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
