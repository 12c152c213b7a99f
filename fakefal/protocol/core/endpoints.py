"""Parses endpoint ids such as ``fal-ai/flux/dev``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

NAMESPACES = ("workflows", "comfy")
"""First segments that precede owner and alias.

Source: client (fal_client 1.0.3 client.py: APP_NAMESPACES; fal-js utils.ts).
"""

LlmApi = Literal[
    "text",
    "vision",
    "enterprise",
    "audio",
    "video",
    "router",
    "router-vision",
    "router-audio",
    "router-video",
    "chat",
    "responses",
    "embeddings",
]

ROUTER_APP = "openrouter/router"
_V1 = f"{ROUTER_APP}/openai/v1"

LLM_ENDPOINTS: dict[str, LlmApi] = {
    "fal-ai/any-llm": "text",
    "fal-ai/any-llm/vision": "vision",
    "fal-ai/any-llm/enterprise": "enterprise",
    "fal-ai/any-llm/audio": "audio",
    "fal-ai/any-llm/video": "video",
    ROUTER_APP: "router",
    f"{ROUTER_APP}/enterprise": "router",
    f"{ROUTER_APP}/vision": "router-vision",
    f"{ROUTER_APP}/audio": "router-audio",
    f"{ROUTER_APP}/video": "router-video",
    f"{ROUTER_APP}/video/enterprise": "router-video",
    f"{_V1}/chat/completions": "chat",
    f"{_V1}/responses": "responses",
    f"{_V1}/embeddings": "embeddings",
}
"""The language-model endpoints, and the API that each speaks.

Source: documented; any-llm's audio and video recorded, weak
(docs/reference/llm.md#any-llm-variants, docs/reference/llm.md#openrouter-router).
"""

_EXECUTE = ["workflows", "execute"]
"""Runs a workflow that is in its input; an app without an owner behind its namespace.

Source: documented (docs/reference/protocol.md#workflows).
"""

_LEGACY = re.compile(r"^([0-9]+)-([a-zA-Z0-9-]+)$")


@dataclass(frozen=True, slots=True)
class EndpointId:
    """``[namespace/]owner/alias[/path]``.

    ``text`` is the full id without leading or trailing slashes. ``app`` has no path; status,
    result and cancel URLs use it. ``llm_api`` is None for everything but language models. Source:
    client (docs/reference/protocol.md#endpoint-ids-and-urls).
    """

    text: str
    app: str
    owner: str
    alias: str
    path: str = ""
    namespace: str = ""
    llm_api: LlmApi | None = None

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
    if parts and parts[0] in NAMESPACES and parts != _EXECUTE:
        namespace, parts = parts[0], parts[1:]
    if len(parts) < 2 or "." in parts or ".." in parts:
        return None
    owner, alias, *path_segments = parts
    app = "/".join(filter(None, (namespace, owner, alias)))
    path = "/".join(path_segments)
    full_id = f"{app}/{path}" if path else app
    llm_api = LLM_ENDPOINTS.get(full_id)
    return EndpointId(full_id, app, owner, alias, path, namespace, llm_api)
