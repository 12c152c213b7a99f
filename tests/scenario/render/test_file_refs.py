"""References to files in outputs become file objects with URLs."""

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


def resolver(input_: Json = None, **assets: Asset) -> FileRefResolver:
    media = CompiledMedia(assets=assets or {"cat.png": CAT})
    return FileRefResolver(
        media, make_call(input_=input_), "r-1", lambda asset, index: f"{URL}?{index}"
    )


def test_a_reference_becomes_a_file_object() -> None:
    refs = resolver()
    assert refs.resolve({"images": [{"file": "cat.png"}], "n": 1}) == {
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
    assert refs.links == [f"{URL}?0"]


def test_fields_beside_the_name_override_those_of_fal() -> None:
    output = resolver().resolve({"file": "cat.png", "width": 99, "extra": True})
    assert (output["width"], output["height"], output["extra"]) == (99, 4, True)
    assert "file" not in output


def test_a_reference_may_be_only_the_url_or_a_data_uri() -> None:
    refs = resolver()
    assert refs.resolve({"file": "cat.png", "as": "url"}) == f"{URL}?0"
    uri = refs.resolve({"file": "cat.png", "as": "data-uri"})
    assert base64.b64decode(uri.removeprefix("data:image/png;base64,")) == CAT.data


def test_sync_mode_returns_all_files_as_data_uris() -> None:
    refs = resolver({"sync_mode": True}, **{"cat.png": CAT, "a.wav": make_asset("a.wav", b"x")})
    assert refs.resolve({"file": "cat.png"})["url"].startswith("data:image/png;base64,")
    assert refs.resolve({"file": "a.wav"})["url"] == "data:audio/wav;base64,eA=="


def test_a_name_rendered_by_a_template_is_unchanged() -> None:
    assert resolver().resolve({"file": "dog.png"}) == {"file": "dog.png"}


def test_a_file_that_was_not_read_is_an_error() -> None:
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
    compiled = compile_exchange(Exchange.model_validate(data), 0, assets=assets)
    from fakefal.scenario.compiled.index import ExchangeIndex

    tenant.set_own_index(ExchangeIndex([compiled]))
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


def test_scripted_text_is_split_into_chunks() -> None:
    tenant = tenant_with({"kind": "chunks", "text": "Hello {{ input.prompt }}. Bye."})
    body = tenant.submit(make_call("fal-ai/whisper")).rendered.outcome.body
    assert [chunk["text"] for chunk in body["chunks"]] == ["Hello hi.", "Bye."]


def test_a_language_model_returns_text_in_its_own_format() -> None:
    tenant = tenant_with({"kind": "text", "text": "Ship it."})
    assert tenant.submit(make_call()).rendered.outcome.body["output"] == "Ship it."
    assert tenant.submit(make_call("a/b")).rendered.outcome.body == {"text": "Ship it."}


@pytest.mark.parametrize("reply", [{"timeline": []}, {"media": "slow"}])
def test_a_reply_without_an_outcome_has_the_output_of_its_endpoint(reply: dict[str, Any]) -> None:
    tenant = tenant_with(reply)
    body = tenant.submit(make_call("fal-ai/flux/dev")).rendered.outcome.body
    assert body["images"][0]["content_type"] == "image/png"
    (file,) = tenant.files
    assert file.defect == reply.get("media")


def test_generated_outputs_depend_on_the_endpoint() -> None:
    tenant = make_tenant(options={"unmatched": "generate"})
    job = tenant.submit(make_call("fal-ai/kokoro"))
    assert job.rendered.outcome.body["audio"]["content_type"] == "audio/wav"
    assert json.loads(job.rendered.outcome.payload) == job.rendered.outcome.body


def test_generated_images_contain_the_request_id_and_others_are_unchanged() -> None:
    tenant = tenant_with({"kind": "images"})
    jobs = [tenant.submit(make_call("a/b")) for _ in range(2)]
    data = [file.blob.read(0, 99999) for file in tenant.files]
    assert [job.id.encode() in one for job, one in zip(jobs, data, strict=True)] == [True] * 2
    sizes = [job.rendered.outcome.body["images"][0]["file_size"] for job in jobs]
    assert sizes == [len(one) for one in data]
    other = tenant_with({"kind": "images", "files": ["cat.png"]}, **{"cat.png": CAT})
    other.submit(make_call("a/b"))
    assert [file.blob.read(0, 99999) for file in other.files] == [CAT.data]
