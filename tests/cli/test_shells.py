"""Environment variables in the syntax of each shell."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fakefal.cli.shells import SHELLS

NASTY = 'it\'s "quoted" $HOME `x` \\n 100% ‘curly’ 猫'


def printed(shell: str, script: str) -> str:
    done = subprocess.run(
        [shutil.which(shell) or shell, "-c", script],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("value", [NASTY, "two\nlines", "", "-n", "!x"])
def test_a_value_is_quoted(shell: str, value: str) -> None:
    statements = SHELLS["bash"]({"NAME": value})
    assert printed(shell, f'{statements}\nprintf %s "$NAME"') == value
    gone = SHELLS["bash"]({"NAME": None})
    assert printed(shell, f'{statements}\n{gone}\nprintf %s "${{NAME-none}}"') == "none"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")))
@hypothesis_settings(max_examples=20)
def test_bash_reads_any_value_back(value: str) -> None:
    statements = SHELLS["bash"]({"NAME": value})
    assert printed("bash", f'{statements}\nprintf %s "$NAME"') == value


@pytest.mark.parametrize(
    ("shell", "value", "written"),
    [
        ("fish", "it's \\ $x", "set -gx NAME 'it\\'s \\\\ $x'"),
        ("fish", None, "set -e NAME"),
        ("powershell", "it's $x", "$env:NAME = 'it''s $x'"),
        ("powershell", "‘", "$env:NAME = '‘‘'"),
        ("powershell", None, "Remove-Item Env:NAME -ErrorAction SilentlyContinue"),
        ("github", "it's $x", "NAME=it's $x"),
        ("github", "a\nFAKEFAL_END\nb", "NAME<<FAKEFAL_END_\na\nFAKEFAL_END\nb\nFAKEFAL_END_"),
        ("github", None, "NAME="),
        ("dotenv", 'say "hi" $x', "NAME='say \"hi\" $x'"),
        ("dotenv", "it's $x", 'NAME="it\'s \\$x"'),
        ("dotenv", None, "NAME=''"),
    ],
)
def test_each_shell_has_its_own_syntax(shell: str, value: str | None, written: str) -> None:
    assert SHELLS[shell]({"NAME": value}) == written


def test_json_has_null_for_unset_variables() -> None:
    changes = {"A": NASTY, "B": None}
    assert json.loads(SHELLS["json"](changes)) == changes
