"""Raises the limit of open files, which also limits the connections of a process."""

from __future__ import annotations


def raise_open_file_limit() -> int:
    """Raise the soft limit to the hard one, and return it; 0 on Windows, which has no such limit.

    Most shells start with 1024, and a proxy needs two descriptors for each tunnel.
    """
    try:
        import resource
    except ImportError:  # Windows
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return soft
    for limit in (hard, 10_240):  # macOS: OPEN_MAX, although the hard limit reads "unlimited"
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (ValueError, OSError):
            continue
        return limit
    return soft
