"""``fakefal verify``: compares the real service with what was recorded of it."""

from __future__ import annotations

import click

from fakefal._version import __version__
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.protocol.core.json_codec import iso
from fakefal.verify.verification import REAL_SERVICE, ProbeClient, report
from fakefal.verify.verification import verify as send_probes

EXIT_DIFFERENT = 1


@click.command()
@click.argument("target", required=False)
@click.option("--key", envvar="FAL_KEY", metavar="KEY", help="Your API key. Default: FAL_KEY.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for a response.")
@click.pass_obj
def verify(terminal: Terminal, target: str | None, key: str | None, timeout: float) -> int:
    """Send probes to TARGET and print what differs from fal's recorded responses.

    TARGET is fal.ai for the real service, which is never called unless it is named, or the URL of a
    fakefal. The probes start no call and cost nothing: unknown ids, an unknown key, public keys and
    descriptions. Exit code 1 if a response differs.
    """
    if target is None:
        raise FakefalError(
            f"verify needs a target — write fakefal verify {REAL_SERVICE} to send "
            "probes to the real service with your key"
        )
    if not key:
        raise FakefalError("verify needs an API key — set FAL_KEY, or add --key")
    results = send_probes(ProbeClient(target, key, timeout).send)
    for line in report(results, target, __version__, iso(real_now()), key):
        terminal.write_line(line)
    return EXIT_DIFFERENT if any(result.is_different for result in results) else 0
