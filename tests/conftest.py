"""What all tests share: pytest within pytest, and patience for the property tests."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a busy machine is no mistake of the code
settings.load_profile("patient")

pytest_plugins = ["pytester"]
