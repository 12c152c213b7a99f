"""What all tests share: pytest within pytest, patience for the property tests, and a home."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a busy machine is no mistake of the code
settings.load_profile("patient")

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of the run's own for the local CA; who runs tests keeps theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKEFAL_HOME", str(tmp_path_factory.mktemp("home")))
        yield
