from __future__ import annotations

from base64 import b64encode

from fakefal.proxy.access import may_reach_others

FAR = ("10.0.0.7", 5000)


def basic(text: str) -> dict[str, str]:
    return {"Proxy-Authorization": f"Basic {b64encode(text.encode()).decode()}"}


def test_a_server_on_loopback_forwards_for_all() -> None:
    assert may_reach_others({}, FAR, None)


def test_programs_on_this_machine_need_no_token() -> None:
    peers = [
        ("127.0.0.1", 1),
        ("127.9.9.9", 1),
        ("::1", 1, 0, 0),
        ("::ffff:127.0.0.1", 1, 0, 0),
        "",
    ]
    assert [peer for peer in peers if not may_reach_others({}, peer, "s3cret")] == []


def test_others_need_the_token() -> None:
    good = [basic("any:s3cret"), basic(":s3cret"), {"Proxy-Authorization": "Bearer s3cret"}]
    assert [it for it in good if not may_reach_others(it, FAR, "s3cret")] == []
    bad = [
        {},
        basic("s3cret"),
        basic("s3cret:"),
        basic("any:other"),
        {"Proxy-Authorization": "Basic ***"},
        {"Proxy-Authorization": "Basic /w=="},
        {"Proxy-Authorization": "Bearer"},
        {"Proxy-Authorization": "Digest s3cret"},
        {"Authorization": "Bearer s3cret"},
    ]
    assert [it for it in bad if may_reach_others(it, FAR, "s3cret")] == []
    odd_peers = [None, (), ("host", 1), ("0.0.0.0", 1), 5]
    assert [peer for peer in odd_peers if may_reach_others({}, peer, "s3cret")] == []
