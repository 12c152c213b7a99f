"""The kind of session of an upgrade; more of it in the neighbouring files."""

from __future__ import annotations

import pytest

from fakefal.handlers.routes import find_route
from fakefal.handlers.websocket.connect import connect_realtime, connect_socket


@pytest.mark.parametrize(
    ("path", "handler", "endpoint"),
    [
        ("/fal-ai/fast-sdxl/realtime", connect_realtime, "fal-ai/fast-sdxl"),
        ("/fal-ai/fast-sdxl", connect_socket, "fal-ai/fast-sdxl"),
        ("/owner/app/chat", connect_socket, "owner/app/chat"),
    ],
)
def test_the_path_decides_the_kind_of_session(path: str, handler: object, endpoint: str) -> None:
    assert find_route("fal.run", "GET", path) == (handler, {"endpoint": endpoint})
