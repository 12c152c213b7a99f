from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.addressing import (
    NO_HOST_MESSAGE,
    Address,
    AddressForm,
    decode_path,
    media_url_for,
    resolve,
    url_for,
)
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.protocol.errors.errors import ApiError

LOCAL = "127.0.0.1:8787"
OWN = {"host": LOCAL}
BASE = "http://127.0.0.1:8787/{host}"
REAL = "https://{host}"
TARGET = "https://queue.fal.run/fal-ai/any-llm?logs=1"


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        pytest.param(
            "/api/fal/proxy?a=b",
            {**OWN, "x-fal-target-url": TARGET},
            Address("queue.fal.run", "/fal-ai/any-llm", "logs=1", AddressForm.PROXY, REAL),
            id="proxy-header-with-any-path",
        ),
        pytest.param(
            "/fal-ai/any-llm?logs=1",
            {**OWN, "x-forwarded-host": "queue.fal.run"},
            Address("queue.fal.run", "/fal-ai/any-llm", "logs=1", AddressForm.HOST, REAL),
            id="forwarded-host",
        ),
        pytest.param(
            "/fal-ai/any-llm?logs=1",
            {"host": "queue.fal.run"},
            Address("queue.fal.run", "/fal-ai/any-llm", "logs=1", AddressForm.HOST, REAL),
            id="host",
        ),
        pytest.param(
            "http://queue.fal.run/fal-ai/any-llm?logs=1",
            OWN,
            Address("queue.fal.run", "/fal-ai/any-llm", "logs=1", AddressForm.HOST, REAL),
            id="absolute-form",
        ),
        pytest.param(
            f"http://{LOCAL}/queue.fal.run/fal-ai/any-llm?logs=1",
            OWN,
            Address("queue.fal.run", "/fal-ai/any-llm", "logs=1", AddressForm.BASE, BASE),
            id="absolute-form-of-the-fake-itself",
        ),
        pytest.param(
            "/queue.fal.run/fal-ai/any-llm?logs=1",
            OWN,
            Address("queue.fal.run", "/fal-ai/any-llm", "logs=1", AddressForm.BASE, BASE),
            id="base-url",
        ),
        pytest.param(
            "/fal-ai/any-llm?logs=1",
            {**OWN, "x-fal-target-host": "queue.fal.run"},
            Address("queue.fal.run", "/fal-ai/any-llm", "logs=1", AddressForm.BASE, BASE),
            id="target-host-header",
        ),
        pytest.param(
            "/_fakefal/clock?x=1",
            OWN,
            Address("", "/clock", "x=1", AddressForm.CONTROL, BASE),
            id="control",
        ),
        pytest.param(
            "/_fakefal",
            OWN,
            Address("", "/", "", AddressForm.CONTROL, BASE),
            id="control-without-path",
        ),
    ],
)
def test_every_form_names_the_same_host_path_and_query(
    target: str, headers: Mapping[str, str], expected: Address
) -> None:
    assert resolve(target, headers) == expected


def hosts_of(name: str) -> list[str | None]:
    """The hosts to which a name resolves as a header, in the path, and in a target URL."""
    addresses = [
        resolve("/x", {"host": name}),
        resolve(f"/{name}/x", OWN),
        resolve("/", {**OWN, "x-fal-target-url": f"https://{name}/x"}),
    ]
    return [None if address is None else address.host for address in addresses]


def test_backup_and_older_names_resolve_to_their_canonical_hosts() -> None:
    assert {name: hosts_of(name) for name in CANONICAL_HOSTS} == {
        name: [host] * 3 for name, host in CANONICAL_HOSTS.items()
    }


@pytest.mark.parametrize(
    ("host", "scheme", "base"),
    [
        ("queue.fal.run", "http", "https://{host}"),
        ("queue.fal.run:443", "https", "https://{host}"),
        ("queue.fal.run:80", "http", "https://{host}"),
        ("queue.fal.run:8787", "http", "http://{host}:8787"),
        ("queue.fal.run:8443", "https", "https://{host}:8443"),
        ("Queue.FAL.run.", "http", "https://{host}"),
    ],
)
def test_links_keep_a_port_that_is_not_fals_own(host: str, scheme: str, base: str) -> None:
    address = resolve("/x", {"host": host}, scheme=scheme)
    assert address == Address("queue.fal.run", "/x", "", AddressForm.HOST, base)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://queue.fal.run:8787/x", "http://{host}:8787"),
        ("wss://queue.fal.run:9/x", "https://{host}:9"),
        ("https://queue.fal.run/x", "https://{host}"),
    ],
)
def test_an_absolute_target_gets_links_of_its_own_scheme_and_port(url: str, base: str) -> None:
    address = resolve(url, OWN)
    assert address == Address("queue.fal.run", "/x", "", AddressForm.HOST, base)


def test_the_proxy_header_overrides_all_other_forms() -> None:
    headers = {
        "host": "fal.run",
        "x-forwarded-host": "rest.fal.ai",
        "x-fal-target-host": "ws.fal.run",
        "x-fal-target-url": TARGET,
    }
    address = resolve("/v3.fal.media/x", headers)
    assert address is not None
    assert (address.host, address.form) == ("queue.fal.run", AddressForm.PROXY)


def test_the_forwarded_host_overrides_the_host() -> None:
    address = resolve("/x", {"host": "fal.run", "x-forwarded-host": "queue.fal.run"})
    assert address is not None
    assert address.host == "queue.fal.run"


def test_the_host_header_overrides_the_path() -> None:
    address = resolve("/fal.run/x", {"host": "queue.fal.run"})
    assert address == Address("queue.fal.run", "/fal.run/x", "", AddressForm.HOST, REAL)


def test_a_request_without_host_gets_links_to_the_servers_own_address() -> None:
    address = resolve("/queue.fal.run/x", {}, local_address=LOCAL)
    assert address is not None
    assert url_for(address, "fal.run", "/y") == f"http://{LOCAL}/fal.run/y"


@pytest.mark.parametrize(
    ("target", "path"),
    [("/queue.fal.run", "/"), ("/queue.fal.run/", "/"), ("/queue.fal.run//a/", "//a/")],
)
def test_the_base_url_alone_means_the_root_of_the_host(target: str, path: str) -> None:
    address = resolve(target, OWN)
    assert address is not None
    assert address.path == path


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", OWN),
        ("/fal-ai/any-llm", OWN),
        ("/example.com/x", OWN),
        ("/_fakefalx", OWN),
        ("/x", {"host": "evil.com"}),
        ("/x", {"host": "queue.fal.run.evil.com"}),
        ("/x", {"host": "xfal.run"}),
        ("http://example.com/x", OWN),
        ("/queue.fal.run/x", {**OWN, "x-fal-target-url": "https://example.com/x"}),
        ("/queue.fal.run/x", {**OWN, "x-fal-target-url": "ftp://queue.fal.run/x"}),
        ("/x", {**OWN, "x-fal-target-url": "https://[queue.fal.run/x"}),
        ("/x", {**OWN, "x-fal-target-url": "https://queue.fal.run:99999/x"}),
        ("*", OWN),
        ("", {}),
    ],
)
def test_a_request_without_a_fal_host_has_no_address(
    target: str, headers: Mapping[str, str]
) -> None:
    assert resolve(target, headers) is None


@pytest.mark.parametrize(
    "spelling", ["/queue.fal.run/", "Host", "X-Forwarded-Host", "x-fal-target-url"]
)
def test_the_instructions_name_each_way_to_say_a_host(spelling: str) -> None:
    assert spelling in NO_HOST_MESSAGE


names = st.sampled_from(
    ["host", "x-forwarded-host", "x-fal-target-url", "x-fal-target-host", "origin"]
)
odd = st.text() | st.sampled_from(
    ["https://[", "http://:0", "//", "{host}", "queue.fal.run:x", "%", "%ff", "\ud800", ":", "://"]
)


@given(target=odd, headers=st.dictionaries(names, odd), scheme=odd, local=odd)
def test_no_input_raises(target: str, headers: dict[str, str], scheme: str, local: str) -> None:
    address = resolve(target, headers, scheme=scheme, local_address=local)
    if address is not None:
        assert address.path.startswith("/")
        assert url_for(address, "queue.fal.run", "/x").endswith("/x")


paths = st.lists(st.text(min_size=1, max_size=8), max_size=4).map(
    lambda parts: "/" + "/".join(quote(part.replace("/", "")) for part in parts)
)
queries = st.text(alphabet="ab1=&%20+-_.~/?", max_size=12)
ports = st.sampled_from(["", ":80", ":443", ":8787", ":65535"])
known_hosts = st.sampled_from(sorted(set(CANONICAL_HOSTS.values())))
spelled_hosts = st.sampled_from(sorted(CANONICAL_HOSTS))


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A request in any of the forms."""
    host, path, query = draw(spelled_hosts), draw(paths), draw(queries)
    path_and_query = path + (f"?{query}" if query else "")
    port = draw(ports)
    form = draw(st.sampled_from(["proxy", "forwarded", "host", "absolute", "base", "target-host"]))
    if form == "proxy":
        return "/api/fal/proxy", {
            **OWN,
            "x-fal-target-url": f"https://{host}{port}{path_and_query}",
        }
    if form == "forwarded":
        return path_and_query, {**OWN, "x-forwarded-host": f"{host}{port}"}
    if form == "host":
        return path_and_query, {"host": f"{host}{port}"}
    if form == "absolute":
        return f"http://{host}{port}{path_and_query}", OWN
    if form == "base":
        return f"/{host}{path_and_query}", OWN
    return path_and_query, {**OWN, "x-fal-target-host": host}


def follow(address: Address, url: str) -> Address | None:
    """The address of a request that the caller of ``address`` makes to a URL."""
    if address.form is AddressForm.PROXY:
        return resolve("/api/fal/proxy", {**OWN, "x-fal-target-url": url})
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return resolve(target, {"host": parts.netloc}, scheme=parts.scheme)


@given(request=requests(), host=known_hosts, path=paths, query=queries)
def test_resolve_inverts_url_for_in_every_form(
    request: tuple[str, dict[str, str]], host: str, path: str, query: str
) -> None:
    address = resolve(*request)
    assert address is not None
    followed = follow(address, url_for(address, host, f"{path}?{query}" if query else path))
    assert followed == Address(host, path, query, address.form, address.base)


@given(request=requests())
def test_the_url_of_a_request_resolves_to_the_same_address(
    request: tuple[str, dict[str, str]],
) -> None:
    address = resolve(*request)
    assert address is not None
    path_and_query = f"{address.path}?{address.query}" if address.query else address.path
    assert follow(address, url_for(address, address.host, path_and_query)) == address


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_decode_path_inverts_quote(text: str) -> None:
    assert decode_path(quote(text)) == text


@pytest.mark.parametrize("path", ["/a%", "/a%2", "/%zz", "/a%00b"])
def test_a_path_with_broken_encoding_is_refused_by_the_load_balancer(path: str) -> None:
    with pytest.raises(ApiError) as caught:
        decode_path(path)
    assert (caught.value.status, caught.value.has_request_id) == (400, False)


@pytest.mark.parametrize(
    ("forwarded", "host"),
    [
        ("fal.run", "fal.run"),
        ("queue.fal.run, fal.run", "queue.fal.run"),
        ("queue.fal.run:443 ,a,b", "queue.fal.run"),
        ("a, queue.fal.run", None),
        (",queue.fal.run", None),
    ],
)
def test_the_first_forwarded_host_is_used(forwarded: str, host: str | None) -> None:
    address = resolve("/a/b", {**OWN, "x-forwarded-host": forwarded})
    assert (None if address is None else address.host) == host


def test_a_fragment_is_dropped() -> None:
    address = resolve("/a/b?c=d#e?f", {"host": "fal.run"})
    assert address is not None
    assert (address.path, address.query) == ("/a/b", "c=d")


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("x:8787", "http://x:8787/fal.run"),
        ("[::1]:8787", "http://[::1]:8787/fal.run"),
        ("a b\udcff", "http://a%20b%FF/fal.run"),
        ("\ud800", "http://%3F/fal.run"),
        ("{host}", "http://%7Bhost%7D/fal.run"),
    ],
)
def test_a_host_is_percent_encoded_in_urls(host: str, base: str) -> None:
    address = resolve("/fal.run/a/b", {"host": host})
    assert address is not None
    assert url_for(address, "fal.run", "") == base


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"host": "127.0.0.1:8787"}, "http://127.0.0.1:8787/v3b.fal.media/a"),
        ({"host": "queue.fal.run"}, "https://v3b.fal.media/a"),
    ],
)
def test_a_file_is_reached_without_the_proxy(headers: dict[str, str], expected: str) -> None:
    address = resolve("/api/fal/proxy", {**headers, "x-fal-target-url": TARGET})
    assert address is not None
    assert media_url_for(address, "v3b.fal.media", "/a") == expected
    assert url_for(address, "v3b.fal.media", "/a") == "https://v3b.fal.media/a"


@given(request=requests(), host=known_hosts)
def test_in_every_other_form_files_are_reached_like_all_the_rest(
    request: tuple[str, dict[str, str]], host: str
) -> None:
    address = resolve(*request)
    assert address is not None
    if address.form is not AddressForm.PROXY:
        assert media_url_for(address, host, "/a") == url_for(address, host, "/a")
