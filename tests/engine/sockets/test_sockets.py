"""The sockets of a tenant: handshakes, scripts and realtime settings."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.sockets.sockets import seconds_of
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Call, Via
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort
from fakefal.settings import Limits
from tests.building import exchange, make_call, make_tenant
from tests.engine.tenants import make_tenant_in

EMPTY: dict[str, Any] = {}


def socket_call(via: Via = "realtime", endpoint: str = "acme/live") -> Call:
    return make_call(endpoint, via, {})


def handshake(tenant: Tenant, call: Call) -> str:
    try:
        fault = tenant.sockets.check_handshake(call)
    except FaultAbort as abort:
        return f"refused: {abort.fault.name}"
    return "open" if fault is None else f"open: {fault.name}"


def test_a_handshake_checks_the_account_the_app_and_faults() -> None:
    assert handshake(make_tenant_in(), socket_call()) == "open"
    assert (
        handshake(make_tenant_in(account="exhausted-balance"), socket_call())
        == "refused: exhausted-balance"
    )
    assert (
        handshake(make_tenant_in(apps={"acme/*": "removed"}), socket_call())
        == "refused: unknown-app"
    )
    tenant = make_tenant_in(faults={"connect": ["reset", "accepted-then-reset"]})
    outcomes = [handshake(tenant, socket_call(via)) for via in ("ws", "socket", "realtime")]
    assert outcomes == ["refused: reset", "open: accepted-then-reset", "open"]


def test_a_locked_account_gets_the_reason() -> None:
    with pytest.raises(FaultAbort) as caught:
        make_tenant_in(account="exhausted-balance").sockets.check_handshake(socket_call())
    assert caught.value.fault.outcome is not None
    assert caught.value.fault.outcome.status == 403
    assert len(caught.value.request_id) == 36


def test_faults_of_an_exchange_affect_handshakes_whatever_the_input() -> None:
    faulty = {"output": {}, "faults": {"connect": ["503"]}}
    tenant = make_tenant(
        exchange(faulty, when={"via": "realtime", "input": {"prompt": "x"}}),
        exchange({"text": "a"}),
    )
    assert handshake(tenant, socket_call("ws")) == "open"
    assert handshake(tenant, socket_call()) == "refused: 503"
    assert handshake(tenant, socket_call()) == "open"


def test_open_sockets_are_limited() -> None:
    tenant = make_tenant(exchange(), limits=Limits(sockets=2))
    ends: list[list[int]] = [[], []]
    for end in ends:
        tenant.sockets.admit(lambda end=end: end.append(1), socket_call(), None)  # type: ignore[misc]
    with pytest.raises(ApiError) as caught:
        tenant.sockets.check_handshake(socket_call())
    assert caught.value.status == 429
    tenant.close()
    assert ends == [[1], [1]]


def test_the_first_matching_exchange_decides_whether_there_is_a_script() -> None:
    output, frames = exchange({"output": 1}), exchange({"frames": [{"text": "a"}]})
    call = socket_call("socket")
    assert make_tenant(frames, output).sockets.open_script(call, may_reject=True) is not None
    assert make_tenant(output, frames).sockets.open_script(call, may_reject=True) is None
    assert make_tenant().sockets.open_script(call, may_reject=True) is None


def test_a_failing_exchange_rejects_the_socket_if_allowed() -> None:
    tenant = make_tenant(exchange({"fail": "forbidden-app"}))
    assert tenant.sockets.open_script(socket_call("socket"), may_reject=False) is None
    with pytest.raises(ApiError) as caught:
        tenant.sockets.open_script(socket_call("socket"), may_reject=True)
    assert caught.value.status == 403


def test_an_exchange_is_used_up_by_sockets_too() -> None:
    tenant = make_tenant(exchange({"frames": []}, times=1))
    assert tenant.sockets.open_script(socket_call("socket"), may_reject=True) is not None
    assert tenant.sockets.open_script(socket_call("socket"), may_reject=True) is None
    assert [entry.status for entry in tenant.journal if entry.kind == "call"] == [101]


def test_may_answer_depends_on_exchanges_and_settings() -> None:
    tenant = make_tenant(exchange(when={"endpoint": "acme/*", "input": {"a": 1}}))
    assert tenant.sockets.may_answer(socket_call())
    assert not tenant.sockets.may_answer(socket_call(endpoint="other/app"))
    assert make_tenant().sockets.may_answer(socket_call(endpoint="fal-ai/any-llm"))
    assert not make_tenant().sockets.may_answer(socket_call())


def test_a_miss_names_the_nearest_exchange() -> None:
    tenant = make_tenant(exchange({"text": "a"}, when={"via": "run"}))
    error = tenant.sockets.miss(socket_call("socket"))
    assert (error.status, "nearest: " in error.message) == (404, True)
    assert len(tenant.journal.misses) == 1
    assert error.request_id


def test_ids_of_rejections_are_derived_from_the_seed() -> None:
    first, second = (make_tenant().sockets.new_request_id(socket_call()) for _ in range(2))
    assert first == second
    tenant = make_tenant()
    assert tenant.sockets.new_request_id(socket_call()) != tenant.sockets.new_request_id(
        socket_call()
    )


def test_the_realtime_settings_of_an_app() -> None:
    realtime_settings = {"mode": "server-streaming", "buffering": 3, "timeout": "5s"}
    tenant = make_tenant_in(apps={"acme/live": {"realtime": realtime_settings}})
    settings = tenant.sockets.realtime_app(socket_call())
    assert (settings.mode, settings.buffering, settings.batch, settings.timings) == (
        "server-streaming",
        3,
        1,
        False,
    )
    assert tenant.sockets.idle_seconds(settings) == 5
    default_app = make_tenant_in().sockets.realtime_app(socket_call())
    assert (default_app.mode, make_tenant_in().sockets.idle_seconds(default_app)) == ("unary", 60)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        ({"output": {}, "realtime": {"timing": "2s"}, "inference_time": "9s"}, 2.0),
        ({"output": {}, "inference_time": "9s"}, 9.0),
        ({"output": {}, "timeline": [{"IN_PROGRESS": {"for": "4s"}}]}, 4.0),
    ],
)
def test_the_inference_time_of_a_reply(reply: dict[str, Any], seconds: float) -> None:
    tenant = make_tenant(exchange(reply))
    assert seconds_of(tenant.resolver.resolve(socket_call(), None)) == seconds
    default_tenant = make_tenant(exchange({"output": {}}))
    assert 0.2 <= seconds_of(default_tenant.resolver.resolve(socket_call(), None)) <= 2.2


@pytest.mark.parametrize(
    ("reply", "outputs"),
    [
        ({"output": {"a": 1}}, [{"a": 1}]),
        ({"stream": {"events": []}}, []),
        ({"stream": {"events": [{"a": 1}, {"a": 2}]}}, [{"a": 1}, {"a": 2}]),
        ({"stream": {"events": [{"a": 1}]}, "output": {"a": 2}}, [{"a": 1}, {"a": 2}]),
    ],
)
def test_the_outputs_for_an_input(reply: dict[str, Any], outputs: list[Any]) -> None:
    tenant = make_tenant(exchange(reply))
    resolution = tenant.resolver.resolve(socket_call(), None)
    assert list(tenant.sockets.outputs(socket_call(), resolution)) == outputs


def test_outputs_that_cannot_be_rendered_are_journalled() -> None:
    tenant = make_tenant(exchange({"stream": {"events": [{"a": "{{ input.a.b.c }}"}]}}))
    resolution = tenant.resolver.resolve(socket_call(), None)
    with pytest.raises(ApiError) as caught:
        list(tenant.sockets.outputs(socket_call(), resolution))
    assert "could not render" in caught.value.message
