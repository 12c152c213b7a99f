"""The sockets of a tenant: handshakes, scripts, and how apps hold their sessions."""

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
from tests.engine.living import make_tenant_in

EMPTY: dict[str, Any] = {}


def asking(via: Via = "realtime", endpoint: str = "acme/live") -> Call:
    return make_call(endpoint, via, {})


def knocked(tenant: Tenant, call: Call) -> str:
    try:
        trouble = tenant.sockets.check_handshake(call)
    except FaultAbort as interrupted:
        return f"refused: {interrupted.fault.name}"
    return "open" if trouble is None else f"open: {trouble.name}"


def test_a_handshake_meets_the_account_the_app_and_faults() -> None:
    assert knocked(make_tenant_in(), asking()) == "open"
    assert (
        knocked(make_tenant_in(account="exhausted-balance"), asking())
        == "refused: exhausted-balance"
    )
    assert knocked(make_tenant_in(apps={"acme/*": "removed"}), asking()) == "refused: unknown-app"
    tenant = make_tenant_in(faults={"connect": ["reset", "accepted-then-reset"]})
    found = [knocked(tenant, asking(via)) for via in ("ws", "socket", "realtime")]
    assert found == ["refused: reset", "open: accepted-then-reset", "open"]


def test_a_locked_account_is_told_why() -> None:
    with pytest.raises(FaultAbort) as caught:
        make_tenant_in(account="exhausted-balance").sockets.check_handshake(asking())
    assert caught.value.fault.outcome is not None
    assert caught.value.fault.outcome.status == 403
    assert len(caught.value.request_id) == 36


def test_faults_of_an_exchange_meet_handshakes_whatever_the_input() -> None:
    faulty = {"output": {}, "faults": {"connect": ["503"]}}
    tenant = make_tenant(
        exchange(faulty, when={"via": "realtime", "input": {"prompt": "x"}}),
        exchange({"text": "a"}),
    )
    assert knocked(tenant, asking("ws")) == "open"
    assert knocked(tenant, asking()) == "refused: 503"
    assert knocked(tenant, asking()) == "open"


def test_no_more_sockets_than_there_may_be() -> None:
    tenant = make_tenant(exchange(), limits=Limits(sockets=2))
    ends: list[list[int]] = [[], []]
    for end in ends:
        tenant.sockets.admit(lambda end=end: end.append(1), asking(), None)  # type: ignore[misc]
    with pytest.raises(ApiError) as caught:
        tenant.sockets.check_handshake(asking())
    assert caught.value.status == 429
    tenant.close()
    assert ends == [[1], [1]]


def test_the_first_exchange_that_fits_says_whether_there_is_a_script() -> None:
    output, frames = exchange({"output": 1}), exchange({"frames": [{"text": "a"}]})
    call = asking("socket")
    assert make_tenant(frames, output).sockets.open_script(call, may_reject=True) is not None
    assert make_tenant(output, frames).sockets.open_script(call, may_reject=True) is None
    assert make_tenant().sockets.open_script(call, may_reject=True) is None


def test_an_exchange_that_fails_refuses_the_socket_where_it_may() -> None:
    tenant = make_tenant(exchange({"fail": "forbidden-app"}))
    assert tenant.sockets.open_script(asking("socket"), may_reject=False) is None
    with pytest.raises(ApiError) as caught:
        tenant.sockets.open_script(asking("socket"), may_reject=True)
    assert caught.value.status == 403


def test_an_exchange_is_used_up_by_sockets_too() -> None:
    tenant = make_tenant(exchange({"frames": []}, times=1))
    assert tenant.sockets.open_script(asking("socket"), may_reject=True) is not None
    assert tenant.sockets.open_script(asking("socket"), may_reject=True) is None
    assert [entry.status for entry in tenant.journal if entry.kind == "call"] == [101]


def test_which_sockets_may_be_answered_at_all() -> None:
    tenant = make_tenant(exchange(when={"endpoint": "acme/*", "input": {"a": 1}}))
    assert tenant.sockets.may_answer(asking())
    assert not tenant.sockets.may_answer(asking(endpoint="other/app"))
    assert make_tenant().sockets.may_answer(asking(endpoint="fal-ai/any-llm"))
    assert not make_tenant().sockets.may_answer(asking())


def test_a_miss_names_the_nearest_exchange() -> None:
    tenant = make_tenant(exchange({"text": "a"}, when={"via": "run"}))
    error = tenant.sockets.miss(asking("socket"))
    assert (error.status, "nearest: " in error.message) == (404, True)
    assert len(tenant.journal.misses) == 1
    assert error.request_id


def test_ids_of_refusals_follow_from_the_seed() -> None:
    first, second = (make_tenant().sockets.new_request_id(asking()) for _ in range(2))
    assert first == second
    tenant = make_tenant()
    assert tenant.sockets.new_request_id(asking()) != tenant.sockets.new_request_id(asking())


def test_how_an_app_holds_its_sessions() -> None:
    told = {"mode": "server-streaming", "buffering": 3, "timeout": "5s"}
    tenant = make_tenant_in(apps={"acme/live": {"realtime": told}})
    way = tenant.sockets.realtime_app(asking())
    assert (way.mode, way.buffering, way.batch, way.timings) == ("server-streaming", 3, 1, False)
    assert tenant.sockets.idle_seconds(way) == 5
    usual = make_tenant_in().sockets.realtime_app(asking())
    assert (usual.mode, make_tenant_in().sockets.idle_seconds(usual)) == ("unary", 60)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        ({"output": {}, "realtime": {"timing": "2s"}, "inference_time": "9s"}, 2.0),
        ({"output": {}, "inference_time": "9s"}, 9.0),
        ({"output": {}, "timeline": [{"IN_PROGRESS": {"for": "4s"}}]}, 4.0),
    ],
)
def test_how_long_an_answer_took(reply: dict[str, Any], seconds: float) -> None:
    tenant = make_tenant(exchange(reply))
    assert seconds_of(tenant.resolver.resolve(asking(), None)) == seconds
    plain = make_tenant(exchange({"output": {}}))
    assert 0.2 <= seconds_of(plain.resolver.resolve(asking(), None)) <= 2.2


@pytest.mark.parametrize(
    ("reply", "outputs"),
    [
        ({"output": {"a": 1}}, [{"a": 1}]),
        ({"stream": {"events": []}}, []),
        ({"stream": {"events": [{"a": 1}, {"a": 2}]}}, [{"a": 1}, {"a": 2}]),
        ({"stream": {"events": [{"a": 1}]}, "output": {"a": 2}}, [{"a": 1}, {"a": 2}]),
    ],
)
def test_what_an_input_brings(reply: dict[str, Any], outputs: list[Any]) -> None:
    tenant = make_tenant(exchange(reply))
    answer = tenant.resolver.resolve(asking(), None)
    assert list(tenant.sockets.outputs(asking(), answer)) == outputs


def test_outputs_that_cannot_be_rendered_are_told() -> None:
    tenant = make_tenant(exchange({"stream": {"events": [{"a": "{{ input.a.b.c }}"}]}}))
    answer = tenant.resolver.resolve(asking(), None)
    with pytest.raises(ApiError) as caught:
        list(tenant.sockets.outputs(asking(), answer))
    assert "could not render" in caught.value.message
