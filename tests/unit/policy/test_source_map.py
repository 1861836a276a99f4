"""Positions in policy files."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy import PolicySet, load_paths
from prompt_policy.policy.source_map import ParsedYaml, format_path

BASE = """\
# Keeps a system message.
version: 1
name: base
sources: [{url: "https://example.org", read: 2025-01-01, says: x, for: [fold, no]}]
rules:
  - {name: fold, kind: fold_system}
  - {name: no, kind: reject, message: 'no'}
"""
DERIVED = """\
# Rejects
# politely.
version: 1
name: derived
extends: base.yaml
rules: [{name: no, kind: reject, message: sorry}]
"""


@pytest.fixture
def policies(tmp_path: Path) -> PolicySet:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "derived.yaml").write_text(DERIVED)
    return load_paths([tmp_path / "derived.yaml"])


def test_paths_are_formatted_in_the_usual_notation() -> None:
    assert format_path(("rules", 0, "parameters", "top_p")) == "rules[0].parameters.top_p"
    assert format_path(()) == ""


def test_a_value_without_position_gets_that_of_the_value_around_it() -> None:
    parsed = ParsedYaml("f", positions={(): (1, 1), ("a",): (2, 3)})
    assert parsed.position(("a", "b", 0)) == (2, 3)
    assert str(parsed.problem(("a", "b"), "is wrong")) == "f:2:3: a.b: is wrong"


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("no", "derived.yaml:6:9: rules[0]: x"),
        ("fold", "base.yaml:6:5: rules[0]: x"),
        ("", "derived.yaml:3:1: x"),
    ],
)
def test_a_problem_is_placed_where_its_rule_is_defined(
    policies: PolicySet, tmp_path: Path, rule: str, line: str
) -> None:
    problem = policies.source_maps["derived"].problem_at(rule, "x")
    assert str(problem) == f"{tmp_path}/{line}"


def test_problems_are_placed_without_reading_the_files_again(policies: PolicySet, tmp_path: Path) -> None:
    for file in tmp_path.glob("*.yaml"):
        file.unlink()
    assert policies.source_maps["derived"].problem_at("fold", "x").line == 6


def test_comments_and_sources_of_the_whole_chain_are_kept(policies: PolicySet) -> None:
    source_map = policies.source_maps["derived"]
    assert source_map.comments == {"derived": "Rejects politely.", "base": "Keeps a system message."}
    assert {rule: len(sources) for rule, sources in source_map.sources.items()} == {"fold": 1}


def test_policies_that_were_not_loaded_have_no_source_map(policies: PolicySet) -> None:
    assert PolicySet(policies.policies).source_maps == {}
