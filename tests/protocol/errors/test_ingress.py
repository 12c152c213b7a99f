from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import ingress_page
from fakefal.protocol.errors.ingress import PHRASES, ingress_error


@pytest.mark.parametrize("status", PHRASES)
def test_a_page_has_no_request_id_and_a_hint(status: int) -> None:
    error = ingress_error(status, "our own words")
    assert error.status == status
    assert error.payload == ingress_page(status, PHRASES[status])
    assert (error.content_type, error.has_request_id) == ("text/html", False)
    assert (error.headers, error.hint) == ((), "our own words")
