"""``$eq`` of a list or an object: exactly these items and fields, compared one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fakefal.protocol.core.call import Json
from fakefal.scenario.matching.matchers import Difference, Equal, quote
from fakefal.scenario.matching.scalars import MISSING, get_field, normalize, scalar_key
from fakefal.scenario.matching.texts import close_name


@dataclass(frozen=True, slots=True)
class Exactly:
    """A list or object that equals this one; operators inside it are ordinary keys."""

    wanted: Json
    quoted: str

    def matches(self, value: Json) -> bool:
        """Whether the value has the same fields and items, scalars by value."""
        return _is_same(self.wanted, value)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        """One for each field or item that differs, is absent, or is one too many."""
        if value is MISSING:
            yield Difference(path, f"is absent, wanted exactly {self.quoted}")
        else:
            yield from _differences(self.wanted, value, path)


def _is_same(left: Json, right: Json) -> bool:
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and len(left) == len(right)
            and all(
                _is_same(inner, get_field(right, normalize(key))) for key, inner in left.items()
            )
        )
    if isinstance(left, list):
        return (
            isinstance(right, list) and len(left) == len(right) and all(map(_is_same, left, right))
        )
    key = scalar_key(left)
    return key is not None and key == scalar_key(right)


def _differences(wanted: Json, value: Json, path: str) -> Iterator[Difference]:
    if _is_same(wanted, value):
        return
    if isinstance(wanted, dict) and isinstance(value, dict):
        yield from _field_differences(wanted, value, path)
    elif isinstance(wanted, list) and isinstance(value, list) and len(wanted) == len(value):
        for index, (left, right) in enumerate(zip(wanted, value, strict=True)):
            yield from _differences(left, right, f"{path}[{index}]")
    elif isinstance(wanted, list) and isinstance(value, list):
        yield Difference(path, f"has {len(value)} entries, wanted {len(wanted)}")
    elif (key := scalar_key(wanted)) is not None:
        yield from Equal(key, quote(wanted)).differences(value, path)
    else:
        yield Difference(path, f"is {quote(value)}, wanted exactly {quote(wanted)}")


def _field_differences(
    wanted: dict[str, Json], value: dict[str, Json], path: str
) -> Iterator[Difference]:
    names = {normalize(name) for name in wanted}
    extra = [name for name in value if normalize(name) not in names]
    for name, inner in wanted.items():
        field = get_field(value, normalize(name))
        if field is not MISSING:
            yield from _differences(inner, field, f"{path}.{name}")
            continue
        close = close_name(name, extra)
        hint = f': the call has "{close}", you wrote "{name}"' if close else ""
        yield Difference(f"{path}.{name}", f"is absent, wanted {quote(inner)}{hint}")
    for name in extra:
        yield Difference(f"{path}.{name}", f"is {quote(value[name])}, wanted no such field", 0.5)
