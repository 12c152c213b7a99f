from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import ingress_page
from fakefal.protocol.errors.ingress import REASONS, refused_by_ingress


@pytest.mark.parametrize("status", REASONS)
def test_a_page_has_no_id_and_says_why_in_the_hint(status: int) -> None:
    error = refused_by_ingress(status, "our own words")
    assert error.status == status
    assert error.payload == ingress_page(status, REASONS[status])
    assert (error.content_type, error.identified) == ("text/html", False)
    assert (error.headers, error.note) == ((), "our own words")
