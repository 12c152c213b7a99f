"""Forms as JSON: what clients send, and what is no form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.forms import MULTIPART, URLENCODED, collect_pairs, is_form, read_form

TYPE = f"{MULTIPART}; boundary=--b"


def multipart(*parts: tuple[bytes, bytes]) -> bytes:
    sections = [b"----b\r\n" + head + b"\r\n\r\n" + data for head, data in parts]
    return b"\r\n".join([*sections, b"----b--\r\n"])


def test_urlencoded_fields() -> None:
    body = b"a=1&b=x+y&a=2&empty=&name=%C3%BC"
    fields = {"a": ["1", "2"], "b": "x y", "empty": "", "name": "ü"}
    assert read_form(body, f"{URLENCODED}; charset=utf-8") == fields


def test_a_file_is_described() -> None:
    head = b'Content-Disposition: form-data; name="f"; filename="a \\"b\\".wav"\r\n'
    head += b"Content-Type: audio/wav"
    body = multipart(
        (b'content-disposition: form-data; name="lang"', b"en"), (head, b"\r\n--x\xff")
    )
    file = {"file_name": 'a "b".wav', "content_type": "audio/wav", "file_size": 6}
    assert read_form(body, TYPE) == {"lang": "en", "f": file}


def test_a_short_text_file_has_its_text() -> None:
    body = multipart((b'Content-Disposition: form-data; name="f"; filename="a"', b"hi"))
    assert read_form(body, f'{MULTIPART}; boundary="--b"') == {
        "f": {
            "file_name": "a",
            "content_type": "application/octet-stream",
            "file_size": 2,
            "text": "hi",
        }
    }


def test_what_is_no_form() -> None:
    assert read_form(b"{}", "application/json") is None
    assert read_form(b"a=1", None) is None
    assert read_form(b"a=1", MULTIPART) is None
    assert read_form(b"a=1", TYPE) is None
    cut = multipart((b'Content-Disposition: form-data; name="a"', b"1"))[:-6]
    assert read_form(cut, TYPE) is None
    assert read_form(multipart((b"X: y", b"1")), TYPE) is None
    assert is_form("Multipart/Form-Data; x=y")
    assert not is_form("text/plain")


@given(st.binary(max_size=200), st.sampled_from([URLENCODED, TYPE, "a/b"]))
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str) -> None:
    fields = read_form(body, content_type)
    assert fields is None or isinstance(fields, dict)


def test_repeated_names_become_a_list() -> None:
    assert collect_pairs([("a", 1), ("a", [2]), ("a", 3)]) == {"a": [1, [2], 3]}
