"""How calls for embeddings end: a scripted whole, scripted vectors, or ones made of the texts."""

from __future__ import annotations

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.llm.anyllm import OUTPUT_ALONE
from fakefal.protocol.llm.embeddings import (
    embedding_list,
    in_single_precision,
    usual_dimensions,
    vector_of,
)
from fakefal.protocol.llm.messages import texts_to_embed
from fakefal.protocol.llm.openai import MAX_DIMENSIONS
from fakefal.protocol.llm.tokens import Usage, tokens_in
from fakefal.scenario.compiled.reply import Ending, Plan
from fakefal.scenario.render.llm.request import Asked
from fakefal.scenario.render.llm.usage import metered


def embedded(plan: Plan, asked: Asked) -> Ending:
    """The end of a call for embeddings: a scripted whole, scripted vectors, or made ones."""
    body = asked.body
    texts = texts_to_embed(body.get("input"))
    output = None if plan.output is None else plan.output.render(asked.variables)
    counted = Usage(sum(map(tokens_in, texts)), 0)
    told = output.get("usage") if isinstance(output, dict) else None
    told = told if isinstance(told, dict) else None
    usage = metered(counted, plan.meter, told, asked.head.model, asked.terms.prices)
    if isinstance(output, dict):
        whole: Json = output
    else:
        size = _dimensions(body.get("dimensions"), asked.head.model)
        about = f"{asked.terms.seed};{asked.head.model}"
        vectors = _scripted_vectors(output, len(texts))
        if vectors is None:
            vectors = [vector_of(text, size, about) for text in texts]
        is_base64 = body.get("encoding_format") == "base64"
        whole = embedding_list(vectors, asked.head.model, usage, is_base64=is_base64)
    return Ending(Outcome(200, whole, encode(whole)), OUTPUT_ALONE, cost=usage.cost)


def _dimensions(wish: Json, model: str) -> int:
    """How long the vectors are; a wish that checks would have refused is none."""
    is_count = isinstance(wish, int) and not isinstance(wish, bool)
    return wish if is_count and 0 < wish <= MAX_DIMENSIONS else usual_dimensions(model)


def _scripted_vectors(output: Json, count: int) -> list[list[float]] | None:
    """One vector for all texts, or a vector for each in turn; None if the output is neither."""
    if not isinstance(output, list) or not output:
        return None
    rows = output if isinstance(output[0], list) else [output]
    if not all(isinstance(row, list) and all(map(_is_number, row)) for row in rows):
        return None
    return [in_single_precision(rows[index % len(rows)]) for index in range(count)]


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
