"""How results are written."""

from __future__ import annotations

import pytest

from prompt_policy.output import print_json
from tests.cli.run import run


def test_json_is_written_readably(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "你好"})
    assert capsys.readouterr().out == '{\n  "text": "你好"\n}\n'


def test_the_version_is_told() -> None:
    assert run("--version").stdout.startswith("prompt-policy ")


def test_no_colour_where_it_is_not_a_terminal() -> None:
    assert "\x1b" not in run("--help").stdout
