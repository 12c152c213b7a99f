"""Requests, billable units and prices of a tenant, as the Platform API lists them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakefal.engine.core.journal import JournalEntry
from fakefal.engine.queue.job import Job
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.llm.endpoints import PROMPT_ENDPOINTS, TOKEN_METERED_APIS
from fakefal.protocol.platform_api.billing import read_tags
