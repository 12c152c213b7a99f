"""``fakefal.route(…)`` with real clients: any host, any path, any bytes."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import fal_client
import httpx
import pytest

from fakefal import FakeFal, FakefalError, contains

BALANCE = "https://rest.fal.ai/billing/forecast"
ANY_LLM = "fal-ai/any-llm"


def test_a_request_is_answered_by_host_method_and_path(fakefal: FakeFal) -> None:
    fakefal.route("rest.fal.ai", "/billing/forecast", method="GET").json(9.9416)
    response = httpx.get(BALANCE, headers={"Authorization": "Key a:b"})
    assert (response.status_code, response.text) == (200, "9.9416")
    assert response.headers["content-type"] == "application/json"
    assert "x-fal-request-id" not in response.headers
    (request,) = fakefal.requests
    assert (request.method, request.host, request.path) == (
        *("GET", "rest.fal.ai"),
        "/billing/forecast",
    )
    assert request.headers["authorization"] == "Key …"


def test_the_older_name_of_a_host_is_the_same_host(fakefal: FakeFal) -> None:
    fakefal.route(BALANCE).json(1)
    assert httpx.get("https://rest.alpha.fal.ai/billing/forecast/").json() == 1


def test_names_in_the_path_and_matchers_of_the_body(fakefal: FakeFal) -> None:
    fakefal.route("rest.fal.ai", "/apps/{owner}/{name}/size", json={"deep": contains("x")}).json(
        {
            "app": "{{ params.owner }}/{{ params.name }}",
            "n": "{{ query.n }}",
            "count": "{{ count }}",
        }
    )
    url = "https://rest.fal.ai/apps/acme/draw/size?n=5"
    answers = [httpx.post(url, json={"deep": "xy", "more": 1}).json() for _ in range(2)]
    assert answers[0] == {"app": "acme/draw", "n": "5", "count": 1}
    assert answers[1]["count"] == 2


def test_replies_follow_one_another(fakefal: FakeFal) -> None:
    url = "https://fal.ai/x"
    fakefal.route(BALANCE).status(204).then.fail("bad_key").then.text("x", status=418)
    fakefal.route(url).json(1).then.json(2).cycle()
    statuses = [httpx.get(BALANCE).status_code for _ in range(4)]
    assert statuses == [204, 401, 418, 418]
    assert [httpx.get(url).json() for _ in range(3)] == [1, 2, 1]


def test_a_route_that_is_used_up_is_a_miss_with_the_nearest_routes(fakefal: FakeFal) -> None:
    fakefal.route(BALANCE).json(1).times(1)
    fakefal.route("rest.fal.ai", "/other", method="POST").json(2)
    assert httpx.get(BALANCE).json() == 1
    response = httpx.get(BALANCE)
    assert (response.status_code, response.headers["x-fakefal-hint"]) == (404, "miss")
    (miss,) = fakefal.pop_misses()
    assert miss.startswith("no route for GET rest.fal.ai/billing/forecast; nearest: routes[0]")
    assert "it has answered 1 request" in miss
    assert "path is /billing/forecast, wanted /other" in miss
    assert "answered no request" in fakefal.end_of_test.unused()[0]


def test_a_host_that_is_not_fals_is_served_on_demand(fakefal: FakeFal) -> None:
    with pytest.raises(FakefalError, match=r'call host_up\("router\.huggingface\.co"\) first'):
        fakefal.route("router.huggingface.co", "/v1/*")
    fakefal.host_up("router.huggingface.co")
    fakefal.route("router.huggingface.co", "/v1/*").json({"ok": True})
    headers = {"Authorization": "Bearer hf_x"}
    url = "https://router.huggingface.co"
    assert httpx.get(f"{url}/v1/models/a/b", headers=headers).json() == {"ok": True}
    assert httpx.get(f"{url}/v2", headers=headers).status_code == 404
    assert "wanted /v1/*" in fakefal.pop_misses()[0]
    fakefal.host_down("router.huggingface.co")
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/v1/x")


def test_a_misspelt_host_is_refused_at_the_call(fakefal: FakeFal) -> None:
    with pytest.raises(FakefalError, match=r'did you mean "queue\.fal\.run"'):
        fakefal.route("quue.fal.run", "/x")
    with pytest.raises(FakefalError, match=r"when\.path: .* does not begin with a slash"):
        fakefal.route("fal.run", "x").json(1)
    with pytest.raises(FakefalError, match="json and text cannot be used together"):
        fakefal.route("fal.run", "/x").json(1).text("x")


def test_bytes_files_and_chunks(fakefal: FakeFal, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("speech.mp3").write_bytes(b"ID3\x00\xff")
    fakefal.route("fal.run", "/acme/speech").file("speech.mp3")
    fakefal.route("fal.run", "/acme/raw").bytes(b"\x00\x01", "audio/L16")
    fakefal.route("fal.run", "/acme/pcm").stream(b"\x00\x01\x02\x03", slice=2, every="1s")
    response = httpx.post("https://fal.run/acme/speech", json={})
    assert (response.content, response.headers["content-type"]) == (b"ID3\x00\xff", "audio/mpeg")
    response = httpx.post("https://fal.run/acme/raw")
    assert (response.content, response.headers["content-type"]) == (b"\x00\x01", "audio/L16")
    before = fakefal.clock.now
    with httpx.stream("POST", "https://fal.run/acme/pcm") as streamed:
        assert list(streamed.iter_raw()) == [b"\x00\x01", b"\x02\x03"]
    assert fakefal.clock.now - before == 1
    assert streamed.headers["content-type"] == "application/octet-stream"


def test_a_file_of_the_test_itself_by_its_absolute_path(fakefal: FakeFal, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"mp3")
    fakefal.route("fal.run", "/acme/speech").file(str(tmp_path / "a.mp3"))
    fakefal.on("acme/draw").output({"image": {"file": str(tmp_path / "a.mp3")}})
    assert httpx.get("https://fal.run/acme/speech").headers["content-type"] == "audio/mpeg"
    output: Any = fal_client.run("acme/draw", {})
    assert (output["image"]["file_name"], output["image"]["content_type"]) == (
        "a.mp3",
        "audio/mpeg",
    )
    with pytest.raises(FakefalError, match="a relative path"):
        fakefal.dump(tmp_path / "inner" / "a.yaml")
    with pytest.raises(FakefalError, match="there is no file"):
        fakefal.route("fal.run", "/x").file(str(tmp_path / "b.mp3"))


def test_events(fakefal: FakeFal) -> None:
    fakefal.route("fal.ai", "/logs").stream(
        {"event": {"a": 1}}, {"pause": "2s"}, {"event": "x", "name": "end"}
    )
    response = httpx.get("https://fal.ai/logs")
    assert response.text == 'data: {"a":1}\n\nevent: end\ndata: x\n\n'
    assert response.headers["content-type"] == "text/event-stream"


def test_faults_and_pauses(fakefal: FakeFal) -> None:
    fakefal.route(BALANCE).json({"a": 1, "b": 2}).pause("3s").faults(
        "reset", {"drop": ["a"]}, "nginx-502", {"delay": "2s"}
    )
    with pytest.raises(httpx.TransportError):
        httpx.get(BALANCE)
    assert httpx.get(BALANCE).json() == {"b": 2}
    assert httpx.get(BALANCE).status_code == 502
    before = fakefal.clock.now
    assert httpx.get(BALANCE).json() == {"a": 1, "b": 2}
    assert fakefal.clock.now - before == 5
    notes = [entry["note"] for entry in fakefal.journal]
    assert notes[0] == "GET rest.fal.ai/billing/forecast; fault: reset"
    assert [entry["status"] for entry in fakefal.journal] == [0, 200, 502, 200]


def test_a_builtin_response_is_changed(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("hi")
    fakefal.route("fal.run", "/fal-ai/any-llm").builtin().headers({"x-cache": "HIT"}).faults(
        {"drop": ["reasoning"]}
    )
    url = f"https://fal.run/{ANY_LLM}"
    response = httpx.post(url, json={"prompt": "x"}, headers={"Authorization": "Key a:b"})
    assert (response.headers["x-cache"], response.json()["output"]) == ("HIT", "hi")
    assert "reasoning" not in response.json()
    assert response.headers["x-fal-request-id"]
    assert fal_client.run(ANY_LLM, {"prompt": "x"})["output"] == "hi"
    refused = httpx.post(url, json={"prompt": "x"})
    assert (refused.status_code, refused.headers["x-cache"]) == (401, "HIT")
    assert [call.via for call in fakefal.calls] == ["run", "run"]


def test_forms_and_files_can_be_matched(fakefal: FakeFal) -> None:
    fakefal.route(
        "fal.run", "/acme/whisper", form={"lang": "en", "audio": {"file_name": "a.wav"}}
    ).json({"bytes": "{{ form.audio.file_size }}"})
    url = "https://fal.run/acme/whisper"
    files = {"audio": ("a.wav", b"\r\n--RIFF\x00", "audio/wav")}
    response = httpx.post(url, data={"lang": "en"}, files=files)
    assert response.json() == {"bytes": 9}
    fakefal.route("fal.run", "/acme/form", form={"a": ["1", "2"], "b": "ü"}).json("ok")
    assert httpx.post("https://fal.run/acme/form", data={"a": ["1", "2"], "b": "ü"}).json() == "ok"


def test_files_in_json_get_a_url_that_can_be_read(
    fakefal: FakeFal, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cat.txt").write_text("cat")
    fakefal.route("api.fal.ai", "/v1/things").json({"items": [{"file": "cat.txt"}]})
    (item,) = httpx.get("https://api.fal.ai/v1/things").json()["items"]
    assert httpx.get(item["url"]).text == "cat"


def test_a_dump_answers_in_the_same_way(fakefal: FakeFal, tmp_path: Path) -> None:
    fakefal.host_up("mcp.fal.ai")
    fakefal.route("mcp.fal.ai", "/mcp", method="POST", json={"method": "ping"}).json({"ok": 1})
    text = fakefal.dump(tmp_path / "dump.yaml").read_text()
    assert "mcp.fal.ai: up" in text
    fakefal.load(tmp_path / "dump.yaml")
    assert httpx.post("https://mcp.fal.ai/mcp", json={"method": "ping"}).json() == {"ok": 1}


def test_a_dump_holds_no_functions(fakefal: FakeFal) -> None:
    fakefal.route("fal.ai", "/x", json={"n": lambda n: n > 1}).json(1)
    assert httpx.post("https://fal.ai/x", json={"n": 2}).json() == 1
    with pytest.raises(FakefalError, match=r"routes\[0\]\.when\.json\.n"):
        _ = fakefal.scenario


def test_a_route_without_a_reply_is_reported(fakefal: FakeFal) -> None:
    builder = fakefal.route("fal.ai", "/x")
    assert 'route(host="fal.ai", path="/x") has no reply' in fakefal.end_of_test.without_reply()[0]
    builder.json(1)
    assert "answered no request" in fakefal.end_of_test.unused()[0]
    urllib.request.urlopen("https://fal.ai/x")
    assert fakefal.end_of_test.unused() == []


def test_a_template_that_fails_is_a_500_with_its_place(fakefal: FakeFal) -> None:
    fakefal.route("fal.ai", "/x").json({"a": "{{ json.missing.deep }}"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen("https://fal.ai/x")
    assert caught.value.code == 500
    assert b"could not render the reply" in caught.value.read()


def test_any_method(fakefal: FakeFal) -> None:
    fakefal.route("fal.ai", "/x", method=["patch", "DELETE"]).text("{{ method }}")
    connection = http.client.HTTPSConnection("fal.ai")
    for method in ("PATCH", "DELETE"):
        connection.request(method, "/x", body=b"raw")
        assert connection.getresponse().read() == method.encode()
    assert [request.body for request in fakefal.requests] == [b"raw", b"raw"]
