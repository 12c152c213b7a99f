"""Request ids derived from the seed and the call, so that equal calls get equal ids."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from uuid import UUID

from fakefal.protocol.core.call import Call
from fakefal.scenario.values.seeded import canonical_json, digest

_EPOCH_MS = 1_767_225_600_000
"""2026-01-01, the earliest time in an id."""

_128_BITS = (1 << 128) - 1
_STRIDE = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835
"""2**128 / golden ratio, odd: multiples of it spread evenly, so ids of equal calls look unrelated
(Knuth, The Art of Computer Programming 3, section 6.4, Fibonacci hashing)."""

_RANDOM = 0x0FFF_3FFF_FFFF_FFFF_FFFF
_VERSION_7 = 0x7000_8000_0000_0000_0000


class RequestIdGenerator:
    """Numbers equal calls and derives an id from call and number.

    Ids do not depend on the order in which different calls arrive, so parallel clients get the same
    ids in every run. At most ``max_calls`` calls are remembered; numbering of a forgotten call
    continues above every number that was used, so no id is returned twice. Replicas with different
    names return different ids.
    """

    def __init__(self, seed: int, max_calls: int, replica: str = "") -> None:
        self._seed = f"{seed}/{replica}" if replica else str(seed)
        self._max_calls = max_calls
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._floor = 0

    def next_id(self, call: Call) -> str:
        """The id for one more call, in the form of a UUID version 7 (RFC 9562 section 5.7).

        fal's own are time-ordered since 2026 and opaque to clients. Source: recorded
        (docs/reference/protocol.md#submit).
        """
        counts = self._counts
        body = call.fingerprint or canonical_json(call.input).encode()
        head = f"{self._seed}\n{call.via}\n{call.endpoint.text}\n".encode()
        fingerprint = blake2b(head + body, digest_size=16).digest()
        number = counts.get(fingerprint, self._floor) + 1
        counts[fingerprint] = number
        counts.move_to_end(fingerprint)
        if len(counts) > self._max_calls:
            _, evicted_number = counts.popitem(last=False)
            self._floor = max(self._floor, evicted_number)
        return uuid7(int.from_bytes(fingerprint, "big") + number * _STRIDE)


def uuid7(value: int) -> str:
    """A UUID version 7 from a number of 128 bits; its time lies within 2026-01-01."""
    value &= _128_BITS
    instant = _EPOCH_MS + (value >> 96) % 86_400_000
    value = instant << 80 | value & _RANDOM | _VERSION_7
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def runner_id(request_id: str) -> str:
    """The id of the runner that ran a request: a UUID of version 4, which follows from the request.

    Source: recorded (docs/reference/protocol.md#response-headers).
    """
    return str(UUID(bytes=digest("runner", request_id)[:16], version=4))
