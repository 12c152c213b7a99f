"""Many fal_clients at once, each with a connection of its own: how many failed, as JSON.

Run as ``python crowd.py COUNT``.
"""

from __future__ import annotations

import asyncio
import json
import sys

import fal_client

from fakefal.server.rlimits import raise_open_file_limit


async def subscribe(number: int) -> str:
    client = fal_client.AsyncClient()
    found = await client.subscribe("fal-ai/any-llm", {"prompt": f"number {number}"})
    return str(found["output"])


async def main(count: int) -> None:
    found = await asyncio.gather(*map(subscribe, range(count)), return_exceptions=True)
    failed = [repr(it) for it in found if isinstance(it, BaseException)]
    sys.stdout.write(
        json.dumps({"failed": failed, "outputs": [it for it in found if isinstance(it, str)]})
    )


raise_open_file_limit()
asyncio.run(main(int(sys.argv[1])))
