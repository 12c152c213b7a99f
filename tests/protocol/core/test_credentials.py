from __future__ import annotations

import pytest

from fakefal.protocol.core import credentials
from fakefal.protocol.core.headers import CREDENTIAL_PARAMETERS, CREDENTIALS


def test_there_is_one_table() -> None:
    assert CREDENTIALS is credentials.SECRET_HEADERS
    assert CREDENTIAL_PARAMETERS is credentials.SECRET_PARAMETERS


@pytest.mark.parametrize("name", sorted(credentials.SECRET_HEADERS | credentials.SECRET_PARAMETERS))
def test_names_are_in_lower_case(name: str) -> None:
    assert name == name.lower()


@pytest.mark.parametrize("name", sorted(credentials.SECRET_FIELDS))
def test_fields_are_as_their_keys(name: str) -> None:
    assert credentials.normalized_field_name(name) == name


def test_a_field_is_known_in_any_spelling() -> None:
    keys = {
        credentials.normalized_field_name(it)
        for it in ("clientSecret", "client-secret", "CLIENT_SECRET")
    }
    assert keys == {"clientsecret"}


@pytest.mark.parametrize("parameter", sorted(credentials.SECRET_PARAMETERS))
def test_a_parameter_is_found_in_any_case(parameter: str) -> None:
    url = f"https://x.test/a?b=1&{parameter.upper()}=s3cret&c=2"
    assert (
        credentials.SECRET_IN_URL.sub(r"\1_", url)
        == f"https://x.test/a?b=1&{parameter.upper()}=_&c=2"
    )


def test_user_and_password_of_a_url_are_found() -> None:
    assert (
        credentials.USERINFO_IN_URL.sub(r"\1_@", "see ftp://me:pw@x.test/a")
        == "see ftp://_@x.test/a"
    )


def test_every_shape_can_be_looked_for() -> None:
    assert [name for name, _ in credentials.secret_patterns()] == [*credentials.SECRET_PATTERNS]
    assert not any(shape.search("") for _, shape in credentials.secret_patterns())
