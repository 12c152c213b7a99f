from __future__ import annotations

from fakefal.protocol import sse
from fakefal.recorder.distil.request_groups import DirectCall, group_captures
from fakefal.recorder.distil.upstream_options import UpstreamOptions
from tests.recorder.sessions import make_stream

EVENTS = [{"output": "a", "partial": False}]


def streams(*framings: sse.Framing) -> list[DirectCall]:
    captures = [
        make_stream(EVENTS, [0.0], {"n": number}, framing=framing)
        for number, framing in enumerate(framings)
    ]
    return group_captures(captures).direct


def test_a_framing_that_all_streams_have_is_an_option() -> None:
    plain = sse.FRAMINGS["plain"]
    options = UpstreamOptions()
    both = streams(plain, plain)
    options.choose_framing(both)
    assert options.stream_sse == "plain"
    assert all(map(options.renders_framing, both))
    assert options.fields(group_captures([]))["stream_sse"] == "plain"


def test_streams_with_several_framings_keep_the_default() -> None:
    options = UpstreamOptions()
    mixed = streams(sse.NAMED_CRLF, sse.FRAMINGS["plain"])
    options.choose_framing(mixed)
    assert options.stream_sse is None
    assert [options.renders_framing(it) for it in mixed] == [True, False]
