from __future__ import annotations

from fakefal.scenario.files.advice import shadowing_advice
from fakefal.scenario.files.loader import load_text

PACE = """\
fakefal: 1
exchanges:
- reply: {text: x, stream: {every: 50}}
- replies: [{text: x, stream: {first: 30, every: 50ms}}, {text: y, stream: {every: 2}}]
"""
SHADOW = """\
fakefal: 1
exchanges:
- when: {endpoint: fal-ai/*}
- when: {endpoint: fal-ai/flux}
- when: {endpoint: fal-ai/flux, via: queue}
  priority: 1
"""


def test_a_bare_pace_is_told_as_seconds() -> None:
    assert list(map(str, load_text(PACE, "s.yaml").advice)) == [
        "s.yaml:3:36: exchanges[0].reply.stream.every: every: 50 is 50 seconds — write 50ms, or "
        "50s",
        "s.yaml:4:39: exchanges[1].replies[0].stream.first: first: 30 is 30 seconds — write 30ms, "
        "or 30s",
    ]


def test_a_shadowed_exchange_is_told_with_the_one_before_it() -> None:
    assert list(map(str, shadowing_advice(load_text(SHADOW, "s.yaml")))) == [
        "s.yaml:4:1: exchanges[1]: never answers: s.yaml:3 before it answers all of its calls — "
        "move it up, or give it priority: 1"
    ]
