"""``fakefal ca``: the certificate authority of this machine, and certificates from it."""

from __future__ import annotations

import click

from fakefal.cli.terminal import Terminal
from fakefal.gateway.authority import Authority
from fakefal.settings import data_folder


@click.command()
@click.option("--pem", is_flag=True, help="Print the certificate itself.")
@click.option(
    "--issue",
    "names",
    multiple=True,
    metavar="NAME",
    help="Print a key and a certificate for a host name or IP address, as one PEM; repeatable.",
)
@click.pass_obj
def ca(terminal: Terminal, pem: bool, names: tuple[str, ...]) -> None:
    """Print where the certificate of the local CA is; it is made if this machine has none.

    Its key stays beside it and is for you alone: who trusts this CA trusts whatever the key signs.
    FAKEFAL_HOME names another folder than that of your user data.
    """
    if pem and names:
        raise click.UsageError("--pem and --issue do not go together — call it twice")
    authority = Authority(data_folder())
    if names:
        terminal.say(authority.issue(*names).decode().rstrip())
    elif pem:
        terminal.say(authority.pem.decode().rstrip())
    else:
        path = authority.path
        terminal.say(str(path))
        terminal.complain(  # beside the output: FILE=$(fakefal ca) is to work
            f"trust it: NODE_EXTRA_CA_CERTS={path} (Node), SSL_CERT_FILE={path} (Python, instead "
            "of the system's), --cacert (curl)"
        )
