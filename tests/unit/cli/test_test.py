"""``prompt-policy test``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import run

POLICY = """\
version: 1
name: a
rules:
  - {name: cool, kind: clamp, parameters: {temperature: {max: 0.7}}}
tests:
  - name: a hot request
    request: {temperature: 1.3}
    expect: {request: {temperature: TEMPERATURE}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(POLICY.replace("TEMPERATURE", "0.7"))
    (tmp_path / "b.yaml").write_text(POLICY.replace("TEMPERATURE", "0.6").replace("name: a\n", "name: b\n"))
    return tmp_path


def test_passing_cases_are_listed_with_verbose(folder: Path) -> None:
    done = run("test", "-v", "a.yaml", folder=folder)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "ok    a: a hot request",
        "warning: a: no case leaves rule 'cool' silent",
        "1 case passed, 0 failed, in 1 policy",
    ]


def test_failing_cases_are_reported_with_exit_code_1(folder: Path) -> None:
    done = run("test", ".", folder=folder)
    assert done.returncode == 1
    assert "FAIL  b: a hot request\n      request.temperature: expected 0.6, got 0.7\n" in done.stdout
    assert done.stdout.endswith("1 case passed, 1 failed, in 2 policies\n")


def test_strict_fails_if_a_rule_is_not_covered(folder: Path) -> None:
    assert run("test", "--strict", "a.yaml", folder=folder).returncode == 1
    assert run("test", "--strict", "deepseek-r1").returncode == 0


def test_json_lists_cases(folder: Path) -> None:
    [result] = json.loads(run("test", "--format", "json", "b.yaml", folder=folder).stdout)
    assert (result["policy"], result["passed"]) == ("b", False)
    assert result["cases"] == [{"name": "a hot request", "mistakes": ["request.temperature: expected 0.6, got 0.7"]}]


def test_a_policy_that_does_not_load_is_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("rules: 3\n")
    done = run("test", "a.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "a.yaml:1:1: rules: expected a list, got 3" in done.stderr.splitlines()


def test_a_policy_without_cases_gets_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: a\nrules: []\n")
    assert "warning: a: has no cases" in run("test", "a.yaml", folder=tmp_path).stdout


CONDITIONAL = """version: 1
name: a
rules:
  - {name: fold, kind: fold_system, when: {any: [{stream: true}, {has_tools: true}]}}
tests:
  - name: streamed
    request: {stream: true, messages: [{role: system, content: S}, {role: user, content: U}]}
    expect: {fired: [fold]}
  - {name: whole, request: {messages: [{role: user, content: U}]}, expect: {unchanged: true}}
"""


def test_coverage_lists_uncovered_conditions(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(CONDITIONAL)
    assert run("test", "--strict", str(file)).returncode == 0
    done = run("test", "--coverage", "--strict", str(file))
    assert done.returncode == 1
    assert "warning: a: rule 'fold': when.any[1].has_tools holds in no case\n" in done.stdout


def test_cases_can_be_selected_by_name(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(CONDITIONAL)
    assert run("test", "-k", "whole", str(file)).stdout == "1 case passed, 0 failed, in 1 policy\n"
    none = run("test", "-k", "nothing", str(file))
    assert (none.returncode, none.stderr) == (
        2,
        "-k nothing: no case matches; use a part of a policy's or a case's name\n",
    )
