from __future__ import annotations

from fakefal.protocol.core import credentials
from fakefal.protocol.core.headers import CREDENTIAL_PARAMETERS, CREDENTIALS


def test_there_is_one_table() -> None:
    assert CREDENTIALS is credentials.SECRET_HEADERS
    assert CREDENTIAL_PARAMETERS is credentials.SECRET_PARAMETERS


def test_names_are_in_lower_case() -> None:
    names = credentials.SECRET_HEADERS | credentials.SECRET_PARAMETERS
    assert [name for name in names if name != name.lower()] == []


def test_fields_are_normalized() -> None:
    fields = credentials.SECRET_FIELDS
    assert {credentials.normalized_field_name(name) for name in fields} == fields


def test_a_field_is_normalized_from_any_spelling() -> None:
    keys = {
        credentials.normalized_field_name(name)
        for name in ("clientSecret", "client-secret", "CLIENT_SECRET")
    }
    assert keys == {"clientsecret"}


def test_a_parameter_is_matched_in_any_case() -> None:
    template = "https://x.test/a?b=1&{}={}&c=2"
    for parameter in credentials.SECRET_PARAMETERS:
        url = template.format(parameter.upper(), "s3cret")
        redacted = template.format(parameter.upper(), "_")
        assert credentials.SECRET_IN_URL.sub(r"\1_", url) == redacted


def test_user_and_password_of_a_url_are_matched() -> None:
    assert (
        credentials.USERINFO_IN_URL.sub(r"\1_@", "see ftp://me:pw@x.test/a")
        == "see ftp://_@x.test/a"
    )


def test_every_pattern_is_compiled_and_matches_no_empty_text() -> None:
    assert [name for name, _ in credentials.secret_patterns()] == [*credentials.SECRET_PATTERNS]
    assert not any(shape.search("") for _, shape in credentials.secret_patterns())
