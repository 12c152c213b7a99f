from __future__ import annotations

from fakefal.protocol.websocket.close_frames import CLOSE_REASON_BYTES


def test_a_close_frame_has_125_bytes_with_its_code() -> None:
    assert CLOSE_REASON_BYTES + 2 == 125
