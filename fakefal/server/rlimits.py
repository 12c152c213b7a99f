"""How many connections the system lets this process have."""

from __future__ import annotations


def raise_open_file_limit() -> int:
    """Take as many open files as the system allows; gives the number, 0 where it has no such limit.

    Usual shells begin with 1024, and a proxy needs two for each tunnel to another host.
    """
    try:
        import resource
    except ImportError:  # Windows
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return soft
    for limit in (hard, 10_240):  # what macOS allows where it says "without limit"
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (ValueError, OSError):
            continue
        return limit
    return soft
