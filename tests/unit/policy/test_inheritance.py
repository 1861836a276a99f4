"""Policies that extend others."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from prompt_policy import load, load_paths
from tests.support.policy_files import RULE, list_problems, write_policy_file

THREE = """\
mode: audit
on_error: open
engine: {a: 1, b: 2}
rules:
  - {name: one, kind: reject, message: base}
  - {name: two, kind: reject, message: base}
  - {name: three, kind: reject, message: base}
sources: [{url: "https://example.org", read: 2025-01-01, says: x}]
"""


def test_a_derived_policy_replaces_removes_and_adds_rules(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "base", THREE)
    derived = write_policy_file(
        tmp_path,
        "derived",
        "extends: base.yaml\nremove: [one]\nengine: {b: 3}\nrules:\n"
        "  - {name: four, kind: reject, message: own}\n  - {name: two, kind: reject, message: own}\n",
    )
    policy = load(derived)
    assert [(rule.name, rule.model_dump()["message"]) for rule in policy.rules] == [
        ("two", "own"), ("three", "base"), ("four", "own"),
    ]  # fmt: skip
    assert (policy.mode, policy.on_error, policy.engine) == ("audit", "open", {"a": 1, "b": 3})
    assert policy.sources == ()
    assert policy.applies_to is not None
    assert policy.applies_to.models == ("derived*",)


def test_keys_of_the_derived_policy_win(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "base", THREE)
    policy = load(write_policy_file(tmp_path, "derived", "extends: base.yaml\nmode: enforce\n"))
    assert (policy.mode, policy.on_error) == ("enforce", "open")


def test_a_shipped_policy_can_be_extended_from_anywhere(tmp_path: Path) -> None:
    assert load(write_policy_file(tmp_path, "derived", "extends: deepseek-r1\n")).rules == load("deepseek-r1").rules


def test_a_file_below_the_same_folder_can_be_extended(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write_policy_file(tmp_path / "parts", "base")
    write_policy_file(tmp_path, "derived", "extends: parts/base.yaml\n")
    assert [rule.name for rule in load_paths([tmp_path]).policies[0].rules] == ["r"]


def test_a_file_outside_the_folder_cannot_be_extended(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "outside")
    inside = tmp_path / "inside"
    inside.mkdir()
    for name in ("../outside.yaml", str(tmp_path / "outside.yaml")):
        derived = write_policy_file(inside, "derived", f"extends: {name}\n")
        assert list_problems(derived) == [
            f"{derived}:4:1: extends: '{name}' is outside the policies' folder; move it inside"
        ]


def test_a_link_out_of_the_folder_cannot_be_extended(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "outside")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    derived = write_policy_file(inside, "derived", "extends: link.yaml\n")
    assert list_problems(derived) == [
        f"{derived}:4:1: extends: 'link.yaml' is outside the policies' folder; move it inside"
    ]


@pytest.mark.parametrize("name", ["gone.yaml", "../deepseek-r1", "deepseek-r2", "/etc/passwd", "."])
def test_an_unknown_base_is_an_error(tmp_path: Path, name: str) -> None:
    derived = write_policy_file(tmp_path, "derived", f"extends: {name}\n")
    [line] = list_problems(derived)
    assert line.startswith(f"{derived}:4:1: extends: ")


def test_a_cycle_is_an_error(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "a", "extends: b.yaml\n")
    write_policy_file(tmp_path, "b", "extends: a.yaml\n")
    assert any("; break the cycle" in line for line in list_problems(tmp_path))


def test_removing_a_rule_that_is_not_inherited_is_an_error(tmp_path: Path) -> None:
    derived = write_policy_file(tmp_path, "derived", "extends: deepseek-r1\nremove: [tidy-anser]\n")
    message = "remove[0]: no inherited rule is named 'tidy-anser' (did you mean 'tidy-answer'?)"
    assert list_problems(derived) == [f"{derived}:5:10: {message}"]


def test_an_error_in_a_base_is_reported_with_its_file(tmp_path: Path) -> None:
    base = write_policy_file(tmp_path, "base", "rules: 3\n")
    derived = write_policy_file(tmp_path, "derived", "extends: base.yaml\n")
    assert list_problems(derived) == [f"{base}:4:1: rules: expected a list, got 3"]


ORDER = """\
rules:
  - {name: tidy, kind: filter_whitespace}
  - {name: think, kind: force_opening, text: "<think>"}
"""


def test_a_whitespace_filter_before_a_restoring_rule_is_an_error(tmp_path: Path) -> None:
    file = write_policy_file(tmp_path, "a", ORDER)
    message = "rules[0]: 'tidy' runs before 'think', which restores the beginning of the answer; move it after 'think'"
    assert list_problems(file) == [f"{file}:5:5: {message}"]


def test_a_whitespace_filter_may_precede_other_rules(tmp_path: Path) -> None:
    load(write_policy_file(tmp_path, "a", ORDER.replace('"<think>"', '"<think>", restore: false')))


def test_a_policy_without_rules_is_an_error(tmp_path: Path) -> None:
    file = write_policy_file(tmp_path, "a", "")
    assert list_problems(file) == [f"{file}:1:1: rules: is missing; add it, or `extends`"]


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("{port: 8000}", "'port' is set per deployment; remove it from the policy"),
        ("{api_key: x}", "'api_key' is set per deployment"),
        ("{reasoning-parser: x}", "'reasoning-parser' is not an option name; use underscores"),
    ],
)
def test_engine_rejects_options_of_the_deployment(tmp_path: Path, engine: str, message: str) -> None:
    (problem,) = list_problems(write_policy_file(tmp_path, "a", f"engine: {engine}\n{RULE}"))
    assert f"a.yaml:4:1: engine: {message}" in problem


@pytest.mark.parametrize("name", ["x" * 100_000, '"a\\0b"', "x/" * 3000, "/dev/zero", "/", "."])
def test_an_impossible_file_name_is_an_error(tmp_path: Path, name: str) -> None:
    (problem,) = list_problems(write_policy_file(tmp_path, "a", f"extends: {name}\n"))
    assert "extends: no file or shipped policy" in problem


def test_a_policy_cannot_extend_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", None)
    write_policy_file(tmp_path, "a", "extends: '-'\n")
    assert "no file or shipped policy '-'" in list_problems("a.yaml")[0]
    write_policy_file(tmp_path, "base", RULE).rename("-")
    assert [rule.name for rule in load("a.yaml").rules] == ["r"]


def test_the_length_of_a_chain_is_limited(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "p0", RULE)
    for number in range(1, 40):
        write_policy_file(tmp_path, f"p{number}", f"extends: p{number - 1}.yaml\n")
    load(tmp_path / "p31.yaml")
    (problem,) = list_problems(tmp_path / "p32.yaml")
    assert "p1.yaml:4:1: extends: more than 32 files extend each other; shorten the chain" in problem


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    huge = write_policy_file(tmp_path, "a", RULE)
    os.truncate(huge, 1 << 36)  # sparse: it takes no space
    tracemalloc.start()
    assert list_problems(huge) == [f"{huge}: is larger than 1 MiB; split it"]
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
