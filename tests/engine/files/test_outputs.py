"""Files of outputs in the file store."""

from __future__ import annotations

import json

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.files.outputs import file_refs_of
from fakefal.protocol.errors.errors import ApiError
from fakefal.scenario.compiled.media import CompiledMedia
from fakefal.scenario.media.output_kinds import generate_output
from tests.building import exchange, make_call, make_tenant


def test_a_file_of_an_output_lives_from_the_end_of_its_call() -> None:
    tenant = make_tenant()
    headers = {"x-fal-object-lifecycle": json.dumps({"expiration_duration_seconds": 60})}
    call = make_call("fal-ai/flux", headers=headers)
    file_refs = file_refs_of(tenant.files, CompiledMedia("image"), call, "id", 30.0)
    output = file_refs.resolve(generate_output("image", call, 0, (), ""))
    (file,) = tenant.files
    assert output["image"]["url"] == file.stored_url.url == file_refs.links[0]
    assert (file.expires_at, file.origin) == (START + 90, "output")


def test_the_reply_overrides_the_callers_lifetime() -> None:
    tenant = make_tenant()
    headers = {"x-fal-object-lifecycle": '{"expiration_duration_seconds": 60}'}
    call = make_call("fal-ai/flux", headers=headers)
    file_refs = file_refs_of(
        tenant.files, CompiledMedia("image", expires_seconds=5.0), call, "id", 0.0
    )
    file_refs.resolve(generate_output("image", call, 0, (), ""))
    assert [file.expires_at for file in tenant.files] == [START + 5]


def test_a_malformed_lifecycle_is_rejected() -> None:
    tenant = make_tenant()
    call = make_call(headers={"x-fal-object-lifecycle": "x"})
    with pytest.raises(ApiError):
        file_refs_of(tenant.files, CompiledMedia(), call, "id", 0.0)


def test_the_lifetime_of_an_output_starts_after_the_queue() -> None:
    reply = {
        "kind": "images",
        "media": {"expires": "60s"},
        "timeline": [{"IN_PROGRESS": {"for": "90s"}}],
    }
    tenant = make_tenant(exchange(reply))
    tenant.submit(make_call("fal-ai/flux"))
    assert [file.expires_at for file in tenant.files] == [START + 150]


def test_equal_calls_get_equal_urls_and_other_calls_others() -> None:
    runs = []
    for _ in range(2):
        tenant = make_tenant(exchange({"kind": "images"}))
        calls = [
            make_call("fal-ai/flux"),
            make_call("fal-ai/flux"),
            make_call("fal-ai/flux", "run"),
        ]
        runs.append([tenant.submit(call).rendered.outcome.file_urls for call in calls])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 3
