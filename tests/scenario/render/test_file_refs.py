"""Outputs with files: references become file objects with URLs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Json
from fakefal.scenario.compiled.media import CompiledMedia, is_text
from fakefal.scenario.compiler.exchange import compile_exchange
from fakefal.scenario.compiler.media import compile_media
from fakefal.scenario.media.assets import Asset, make_asset
from fakefal.scenario.media.images import png
from fakefal.scenario.model.scenario import Exchange
from fakefal.scenario.render.file_refs import FileRefResolver
from fakefal.scenario.templates.templates import TemplateError
from tests.building import exchange, make_call, make_tenant

CAT = make_asset("images/cat.png", png(3, 4, (1, 2, 3)))
URL = "https://v3b.fal.media/files/b/0/cat.png"


def placing(input_: Json = None, **assets: Asset) -> FileRefResolver:
    media = CompiledMedia(assets=assets or {"cat.png": CAT})
    return FileRefResolver(
        media, make_call(input_=input_), "r-1", lambda asset, index: f"{URL}?{index}"
    )


def test_a_reference_becomes_a_file_object() -> None:
    found = placing()
    assert found.resolve({"images": [{"file": "cat.png"}], "n": 1}) == {
        "images": [
            {
                "url": f"{URL}?0",
                "content_type": "image/png",
                "file_name": "cat.png",
                "file_size": len(CAT.data),
                "width": 3,
                "height": 4,
            }
        ],
        "n": 1,
    }
    assert found.links == [f"{URL}?0"]


def test_fields_beside_the_name_go_before_fals_own() -> None:
    placed = placing().resolve({"file": "cat.png", "width": 99, "extra": True})
    assert (placed["width"], placed["height"], placed["extra"]) == (99, 4, True)
    assert "file" not in placed


def test_a_reference_may_ask_for_the_url_alone_or_a_data_uri() -> None:
    found = placing()
    assert found.resolve({"file": "cat.png", "as": "url"}) == f"{URL}?0"
    uri = found.resolve({"file": "cat.png", "as": "data-uri"})
    assert base64.b64decode(uri.removeprefix("data:image/png;base64,")) == CAT.data


def test_sync_mode_gives_images_as_data_uris() -> None:
    found = placing({"sync_mode": True}, **{"cat.png": CAT, "a.wav": make_asset("a.wav", b"x")})
    assert found.resolve({"file": "cat.png"})["url"].startswith("data:image/png;base64,")
    assert found.resolve({"file": "a.wav"})["url"] == f"{URL}?0"


def test_what_a_template_made_of_a_name_stays_as_it_is() -> None:
    assert placing().resolve({"file": "dog.png"}) == {"file": "dog.png"}


def test_a_file_that_was_not_read_is_told() -> None:
    reply = Exchange.model_validate(exchange({"output": {"file": "cat.png"}})).reply
    assert reply is not None
    with pytest.raises(TemplateError, match='there is no file "cat'):
        compile_media(reply, (), {})
    media = compile_media(reply, (), {"cat.png": CAT})
    assert media is not None
    assert not is_text(media)


# In a tenant


def tenant_with(reply: dict[str, Any], **assets: Asset) -> Tenant:
    tenant = make_tenant()
    data = exchange(reply)
    entry = compile_exchange(Exchange.model_validate(data), 0, assets=assets)
    from fakefal.scenario.compiled.index import ExchangeIndex

    tenant.set_own_index(ExchangeIndex([entry]))
    return tenant


def test_a_static_output_with_a_file_gets_a_url_for_each_call() -> None:
    tenant = tenant_with({"output": {"image": {"file": "cat.png"}}}, **{"cat.png": CAT})
    urls = [tenant.submit(make_call("a/b")).rendered.outcome.body["image"]["url"] for _ in range(2)]
    assert len(set(urls)) == 2
    assert [file.blob.read(0, 99999) for file in tenant.files] == [CAT.data] * 2


def test_events_of_a_stream_may_hold_files() -> None:
    reply = {"stream": {"events": [{"file": "cat.png"}, {"done": True}]}}
    streaming = tenant_with(reply, **{"cat.png": CAT}).stream(make_call("a/b", "stream"))
    events = list(streaming.events)
    assert events[0]["width"] == 3
    assert events[1] == {"done": True}
    assert streaming.links == [events[0]["url"]]
    assert streaming.chunk_cache is None


def test_text_that_is_scripted_is_cut_into_chunks() -> None:
    tenant = tenant_with({"kind": "chunks", "text": "Hello {{ input.prompt }}. Bye."})
    body = tenant.submit(make_call("fal-ai/whisper")).rendered.outcome.body
    assert [chunk["text"] for chunk in body["chunks"]] == ["Hello hi.", "Bye."]


def test_a_language_model_words_text_in_its_own_shape() -> None:
    tenant = tenant_with({"kind": "text", "text": "Ship it."})
    assert tenant.submit(make_call()).rendered.outcome.body["output"] == "Ship it."
    assert tenant.submit(make_call("a/b")).rendered.outcome.body == {"text": "Ship it."}


@pytest.mark.parametrize("reply", [{"timeline": []}, {"media": "slow"}])
def test_a_reply_without_an_outcome_gives_what_the_endpoint_makes(reply: dict[str, Any]) -> None:
    tenant = tenant_with(reply)
    body = tenant.submit(make_call("fal-ai/flux/dev")).rendered.outcome.body
    assert body["images"][0]["content_type"] == "image/png"
    (file,) = tenant.files
    assert file.defect == reply.get("media")


def test_generated_answers_go_by_the_endpoint() -> None:
    tenant = make_tenant(options={"unmatched": "generate"})
    job = tenant.submit(make_call("fal-ai/kokoro"))
    assert job.rendered.outcome.body["audio"]["content_type"] == "audio/wav"
    assert json.loads(job.rendered.outcome.payload) == job.rendered.outcome.body


def test_made_files_carry_the_id_of_their_request_and_given_ones_stay() -> None:
    tenant = tenant_with({"kind": "images"})
    jobs = [tenant.submit(make_call("a/b")) for _ in range(2)]
    made = [file.blob.read(0, 99999) for file in tenant.files]
    assert [job.id.encode() in data for job, data in zip(jobs, made, strict=True)] == [True] * 2
    sizes = [job.rendered.outcome.body["images"][0]["file_size"] for job in jobs]
    assert sizes == [len(data) for data in made]
    given = tenant_with({"kind": "images", "files": ["cat.png"]}, **{"cat.png": CAT})
    given.submit(make_call("a/b"))
    assert [file.blob.read(0, 99999) for file in given.files] == [CAT.data]
