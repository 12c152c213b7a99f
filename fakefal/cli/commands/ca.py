"""``fakefal ca``: shows the local CA and issues certificates."""

from __future__ import annotations

import shlex

import click

from fakefal.ca.authority import Authority
from fakefal.cli.terminal import Terminal
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
@click.option("--install", is_flag=True, help="Print the commands that make each system trust it.")
@click.pass_obj
def ca(terminal: Terminal, pem: bool, names: tuple[str, ...], install: bool) -> None:
    """Print the path of the local CA's certificate; the CA is created if there is none.

    Its private key is in the same folder. Keep it secret: a system that trusts this CA trusts
    everything that the key signs. FAKEFAL_HOME sets another folder.
    """
    if pem + bool(names) + install > 1:
        raise click.UsageError("--pem, --issue and --install exclude each other — pass one of them")
    authority = Authority(data_folder())
    if names:
        terminal.write_line(authority.issue(*names).decode().rstrip())
    elif install:
        terminal.write_line(_install_commands(shlex.quote(str(authority.path))))
    elif pem:
        terminal.write_line(authority.pem.decode().rstrip())
    else:
        path = authority.path
        terminal.write_line(str(path))
        terminal.write_error(  # not on stdout, so that FILE=$(fakefal ca) works
            f"trust it: NODE_EXTRA_CA_CERTS={path} (Node), SSL_CERT_FILE={path} (Python, instead "
            "of the system's), --cacert (curl)"
        )


def _install_commands(path: str) -> str:
    """Commands for each system; programs that read the variables of ``fakefal env`` need none."""
    rows = [
        ("Debian, Ubuntu, Alpine", "sudo cp {} /usr/local/share/ca-certificates/fakefal.crt"),
        ("", "sudo update-ca-certificates"),
        ("Fedora, RHEL", "sudo cp {} /etc/pki/ca-trust/source/anchors/fakefal.pem"),
        ("", "sudo update-ca-trust"),
        ("Arch", "sudo trust anchor {}"),
        ("macOS", "security add-trusted-cert -r trustRoot -k login.keychain-db {}"),
        ("Windows", "certutil -user -addstore Root {}"),
        ("Java", "keytool -importcert -noprompt -alias fakefal -cacerts -file {}"),
    ]
    lines = [f"{system:<23} {command.format(path)}" for system, command in rows]
    note = (
        "# a system that trusts this CA trusts all that its key signs: "
        "prefer the variables of fakefal env"
    )
    return "\n".join([note, *lines])
