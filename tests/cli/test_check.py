"""``prompt-policy check``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import run

GOOD = "version: 1\nname: good\nrules: []\n"
BAD = "version: 1\nname: bad\nrules: []\nmod: audit\nmode: no\n"


def test_policies_without_mistakes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    done = run("check", "a.yaml", "deepseek-r1", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 policies checked, no mistakes\n", "")


def test_mistakes_are_lines_on_standard_output_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD)
    done = run("check", "a.yaml", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "a.yaml:4:1: mod: unknown key 'mod' (did you mean 'mode'?)",
        "a.yaml:5:1: mode: expected 'enforce', 'audit' or 'off', got 'no'",
    ]


def test_standard_input_is_a_dash() -> None:
    assert run("check", "-", stdin=GOOD).returncode == 0
    done = run("check", "-", stdin=BAD)
    assert done.stdout.startswith("<stdin>:4:1: mod: ")


def test_json(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD)
    done = run("check", "--format", "json", "a.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["problems"][0] == {
        "file": "a.yaml",
        "line": 4,
        "column": 1,
        "path": "mod",
        "message": "unknown key 'mod' (did you mean 'mode'?)",
    }
    assert json.loads(run("check", "--format", "json", "deepseek-r1").stdout) == {
        "policies": ["deepseek-r1"],
        "problems": [],
    }


@pytest.mark.parametrize("arguments", [("check",), ("check", "--formt", "json", "x"), ("chekc",)])
def test_wrong_use_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_strict_finds_what_is_allowed_and_seems_wrong(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("version: 1\nname: a\nrules:\n  - {name: fold, kind: fold_system, mode: off}\n")
    assert run("check", str(file)).returncode == 0
    done = run("check", "--strict", str(file))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{file}:4:5: rules[0]: is off",
        f"{file}:4:5: rules[0]: no source says why: name the rule under a source's `for`",
    ]


def test_strict_takes_standard_input_too() -> None:
    done = run("check", "--strict", "-", stdin="version: 1\nname: a\nrules:\n  - {name: r, kind: fold_system}\n")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("<stdin>:4:5: rules[0]: no source says why")
