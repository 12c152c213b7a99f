"""``fakefal schema``: the JSON Schema of scenario files."""

from __future__ import annotations

import json

import click

from fakefal.cli.terminal import Terminal
from fakefal.scenario.files.schema import scenario_schema


@click.command()
@click.pass_obj
def schema(terminal: Terminal) -> None:
    """Print the JSON Schema of scenario files, for completion and checks in editors.

    For YAML files add a first line: # yaml-language-server: $schema=scenario.schema.json
    """
    terminal.write_line(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))
