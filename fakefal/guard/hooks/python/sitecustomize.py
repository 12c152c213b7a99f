"""Runs in every Python under ``fakefal run`` before the program, then runs the hidden one.

Errors here must not keep the program from running, so they are only written to stderr.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def _next() -> None:
    """Run the ``sitecustomize`` that this one hides on ``sys.path``."""
    from importlib.machinery import PathFinder

    others = [folder for folder in sys.path if os.path.abspath(folder or ".") != HERE]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec  # here, as most interpreters hide none

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if hasattr(sys, "addaudithook"):  # Python 3.8
    try:
        import fakefal_child  # type: ignore[import-not-found]  # a file beside this one

        fakefal_child.install()
    except Exception as error:
        sys.stderr.write(f"fakefal: this Python is not guarded: {error!r}\n")
    _next()
