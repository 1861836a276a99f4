"""``prompt-policy check``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import run

GOOD = "version: 1\nname: good\nrules: []\n"
BAD = "version: 1\nname: bad\nrules: []\nmod: audit\nmode: no\n"


def test_valid_policies_have_no_errors(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    done = run("check", "a.yaml", "deepseek-r1", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 policies checked, no errors\n", "")


def test_errors_are_printed_with_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD)
    done = run("check", "a.yaml", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "a.yaml:4:1: mod: unknown key 'mod' (did you mean 'mode'?)",
        "a.yaml:5:1: mode: expected 'enforce', 'audit' or 'off', got 'no'",
    ]


def test_a_dash_is_standard_input() -> None:
    assert run("check", "-", stdin=GOOD).returncode == 0
    done = run("check", "-", stdin=BAD)
    assert done.stdout.startswith("<stdin>:4:1: mod: ")


def test_json_lists_policies_and_problems(tmp_path: Path) -> None:
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
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_strict_reports_findings_of_the_linter(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "version: 1\nname: a\napplies_to: {models: m}\nrules:\n  - {name: fold, kind: fold_system, mode: off}\n"
    )
    assert run("check", str(file)).returncode == 0
    done = run("check", "--strict", str(file))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{file}:5:5: rules[0]: has no source; name the rule under a source's `for`",
        f"{file}:5:5: rules[0]: is off",
    ]


def test_strict_checks_standard_input() -> None:
    done = run("check", "--strict", "-", stdin="version: 1\nname: a\nrules:\n  - {name: r, kind: fold_system}\n")
    assert (done.returncode, done.stderr) == (1, "")
    assert "<stdin>:4:5: rules[0]: has no source" in done.stdout


def test_an_unset_variable_is_not_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    done = run("check", "", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "a path is empty; name a file, a folder or a shipped policy\n")


def test_strict_reports_rules_that_change_their_own_output() -> None:
    rule = "  - {{name: {}, kind: clamp, when: {{parameters: {{n: {{{}: 3}}}}}}, parameters: {{n: {{value: {}}}}}}}\n"
    rules = rule.format("up", "le", 5) + rule.format("down", "gt", 2)
    done = run("check", "--strict", "-", stdin=f"version: 1\nname: a\nrules:\n{rules}")
    assert "<stdin>:4:5: rules[0]: changes its own output again, for example in a chat request with n " in done.stdout
    assert "<stdin>:5:5: rules[1]: changes its own output again" in done.stdout
