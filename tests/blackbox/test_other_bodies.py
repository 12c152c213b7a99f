"""Apps whose inputs or outputs are not JSON, and routes with other methods than POST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fal_client
import httpx
import pytest

from fakefal import FakeFal, FakefalError, contains
from fakefal.scenario.builder import ExchangeBuilder

URL = "https://fal.run/acme/speech"
KEY = {"Authorization": "Key a:b"}


def test_a_multipart_transcription(fakefal: FakeFal) -> None:
    fakefal.on("acme/whisper", audio={"file_name": "a.wav"}, language="en").output({"text": "hi"})
    files = {"audio": ("a.wav", b"RIFF\x00\xff", "audio/wav")}
    response = httpx.post(
        "https://fal.run/acme/whisper", headers=KEY, data={"language": "en"}, files=files
    )
    assert response.json() == {"text": "hi"}
    (call,) = fakefal.calls
    file = {"file_name": "a.wav", "content_type": "audio/wav", "file_size": 6}
    assert call.input == {"language": "en", "audio": file}


def test_a_urlencoded_form_and_json_of_that_type(fakefal: FakeFal) -> None:
    fakefal.on("acme/speech", text=contains("x")).output({"ok": True})
    assert httpx.post(URL, headers=KEY, data={"text": "a x"}).json() == {"ok": True}
    form = {**KEY, "Content-Type": "application/x-www-form-urlencoded"}  # as curl -d sends it
    assert httpx.post(URL, headers=form, content=b'{"text": "x"}').json() == {"ok": True}


def test_bytes_as_output(fakefal: FakeFal, tmp_path: Path, monkeypatch: Any) -> None:
    fakefal.on("acme/speech").output(b"ID3\x00", content_type="audio/mpeg")
    response = httpx.post(URL, headers=KEY, json={})
    assert (response.content, response.headers["content-type"]) == (b"ID3\x00", "audio/mpeg")
    assert response.headers["x-fal-request-id"]
    handle = fal_client.submit("acme/speech", {})
    list(handle.iter_events())
    response = httpx.get(handle.response_url, headers=KEY)
    assert (response.content, response.headers["content-type"]) == (b"ID3\x00", "audio/mpeg")
    dumped = fakefal.dump(tmp_path / "a.yaml").read_text()
    assert "base64: SUQzAA==" in dumped
    with pytest.raises(FakefalError, match="content_type is for bytes"):
        ExchangeBuilder({}, lambda _: None).output({}, content_type="a/b")


def test_a_file_as_output(fakefal: FakeFal, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"mp3")
    (tmp_path / "a.yaml").write_text("fakefal: 1\nexchanges:\n  - reply: {file: a.mp3}\n")
    fakefal.load(tmp_path / "a.yaml")
    response = httpx.post("https://fal.run/fal-ai/any-llm", headers=KEY, json={"prompt": "x"})
    assert (response.content, response.headers["content-type"]) == (b"mp3", "audio/mpeg")


def test_methods_of_an_app(fakefal: FakeFal) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        fakefal.on("acme/app/items", method=method, n=anything_of(method)).output(method)
    fakefal.on("acme/app/items").output("POST")
    url = "https://fal.run/acme/app/items"
    for method in ("GET", "PUT", "PATCH", "DELETE", "POST"):
        options: Any = {"params": {"n": "1"}} if method in ("GET", "DELETE") else {"json": {"n": 1}}
        assert httpx.request(method, url, headers=KEY, **options).json() == method
    assert httpx.put("https://fal.run/acme/other", headers=KEY).status_code == 405


def anything_of(method: str) -> Any:
    return "1" if method in ("GET", "DELETE") else 1
