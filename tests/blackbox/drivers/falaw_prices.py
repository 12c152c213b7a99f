"""Asks a fake's platform API for prices with falaw; prints what it got as JSON.

Run as ``python falaw_prices.py URL KEY``. Nothing of it is changed but the address.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

pricing: Any = importlib.import_module("falaw.pricing")


def main(url: str, key: str) -> dict[str, Any]:
    pricing.PRICING_URL = f"{url}/api.fal.ai/v1/models/pricing"
    known = [f"acme/model-{number}" for number in range(60)]
    endpoint_ids = [*known[:30], "acme/nobody-knows-it", *known[30:]]
    found: dict[str, Any] = pricing.fetch_model_prices(endpoint_ids, api_key=key)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
