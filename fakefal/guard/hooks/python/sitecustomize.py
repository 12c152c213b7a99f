"""Run by every Python under ``fakefal run`` before its program; then the next of this name.

Whatever goes wrong here must not keep the program from running, so it is told and passed over.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def _next() -> None:
    """Run the ``sitecustomize`` that this one hides, as if it had been found first."""
    from importlib.machinery import PathFinder

    others = [folder for folder in sys.path if os.path.abspath(folder or ".") != HERE]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec  # most have no other, and start sooner

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if hasattr(sys, "addaudithook"):  # Python 3.8
    try:
        import fakefal_child  # type: ignore[import-not-found]  # it lies beside this file

        fakefal_child.install()
    except Exception as error:
        sys.stderr.write(f"fakefal: this Python is not guarded: {error!r}\n")
    _next()
