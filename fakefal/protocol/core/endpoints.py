"""Parses endpoint ids such as ``fal-ai/flux/dev``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

NAMESPACES = ("workflows", "comfy")
"""First segments that precede owner and alias.

Source: client (fal_client 1.0.3 client.py: APP_NAMESPACES; fal-js utils.ts).
"""

_LEGACY = re.compile(r"^([0-9]+)-([a-zA-Z0-9-]+)$")


@dataclass(frozen=True, slots=True)
class EndpointId:
    """``[namespace/]owner/alias[/path]``.

    ``text`` is the full id without leading or trailing slashes. ``app`` has no path; status,
    result and cancel URLs use it. Source: client
    (docs/reference/protocol.md#endpoint-ids-and-urls).
    """

    text: str
    app: str
    owner: str
    alias: str
    path: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)
def parse_endpoint(text: str) -> EndpointId | None:
    """Parse an endpoint id; None if it is not valid.

    Leading, trailing and repeated slashes are ignored. The legacy form ``123-alias`` is
    ``123/alias``. Source: client (fal_client 1.0.3 client.py: AppId.from_endpoint_id).
    """
    parts = [part for part in text.split("/") if part]
    if len(parts) == 1 and (legacy := _LEGACY.match(parts[0])):
        parts = [legacy.group(1), legacy.group(2)]
    namespace = ""
    if parts and parts[0] in NAMESPACES:
        namespace, parts = parts[0], parts[1:]
    if len(parts) < 2 or "." in parts or ".." in parts:
        return None
    owner, alias, *path_segments = parts
    app = "/".join(filter(None, (namespace, owner, alias)))
    path = "/".join(path_segments)
    full_id = f"{app}/{path}" if path else app
    return EndpointId(full_id, app, owner, alias, path, namespace)
