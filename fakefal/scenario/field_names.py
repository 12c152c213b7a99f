"""Arguments of ``on(…)`` that are no fields of an input, but words of a scenario."""

from __future__ import annotations

from collections.abc import Iterable

from fakefal.errors import FakefalError

_RESERVED = {
    "endpoint": "the endpoint is the first argument",
    "when": "write its parts: endpoint, via=, input=, headers=",
    "header": "write headers={…}",
    "times": "write .times(2) after the reply",
    "then": "write .then between two replies",
    "reply": "write .text(…), .output(…), .fail(…) or .reply(function) after on(…)",
    "replies": "write .text(…).then.text(…) after on(…)",
    "fail": "write .fail(…) after on(…)",
    "timeline": "write .timeline(…) after on(…)",
    "faults": "write .faults(…) after on(…)",
    "preset": "write .preset(…) after on(…)",
}
"""Words of a scenario that users write as arguments of ``on``, and where they belong."""


def check_field_names(names: Iterable[str]) -> None:
    """Raises FakefalError for a word that belongs elsewhere."""
    for name in names:
        if name in _RESERVED:
            raise FakefalError(
                f"{name}= is not a field of the input here — {_RESERVED[name]}; a field of that "
                f'name: input={{"{name}": …}}'
            )
