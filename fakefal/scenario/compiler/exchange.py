"""Compiles an exchange: its ``when``, and each of its replies."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.reply import GENERATED
from fakefal.scenario.compiler.condition import compile_condition
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.scenario import Exchange


def compile_exchange(
    model: Exchange,
    index: int,
    location: str = "",
    path: tuple[str | int, ...] = (),
    assets: Mapping[str, Asset] = MappingProxyType({}),
) -> CompiledExchange:
    """Raises PatternError or TemplateError with a path that begins with ``path``.

    ``assets`` are the files that its replies may refer to, by name. An exchange without a reply
    generates its output.
    """
    condition = compile_condition(model.when)
    if model.replies is not None:
        replies = tuple(
            compile_reply(reply, (*path, "replies", number), assets)
            for number, reply in enumerate(model.replies)
        )
    elif model.reply is not None:
        replies = (compile_reply(model.reply, (*path, "reply"), assets),)
    else:
        replies = (GENERATED,)
    capacity = model.times
    if model.then == "miss":
        capacity = len(replies) if capacity is None else min(capacity, len(replies))
    label = f'"{model.id}"' if model.id else location or f"exchanges[{index}]"
    return CompiledExchange(model, condition, replies, capacity, label, location)
