"""Rules that change the output of their own policy again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompt_policy import load_paths
from prompt_policy.authoring.idempotence import find_unstable_rules
from tests.support.policies import policy_of


def clamp(name: str, bounds: dict[str, Any], **when: Any) -> dict[str, Any]:
    rule = {"name": name, "kind": "clamp", "parameters": {"temperature": bounds}}
    return {**rule, "when": {"parameters": when}} if when else rule


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ([clamp("low", {"value": 1}, temperature={"le": 0.5}), clamp("high", {"value": 0}, temperature={"gt": 0.5})],
         {"low", "high"}),
        ([clamp("up", {"value": 0.31}, temperature={"lt": 0.3}), clamp("down", {"value": 0}, temperature={"eq": 0.31})],
         {"up", "down"}),
        ([clamp("a", {"max": 0.5}), clamp("b", {"min": 0.7}, top_p={"present": False})], {"a", "b"}),
        ([clamp("a", {"rename": "temp"}), {**clamp("b", {"default": 1}), "when": {"stream": False}}], {"a", "b"}),
        ([clamp("a", {"append": ["x"]}), clamp("b", {"remove": ["x"]}, top_p={"present": False})], {"a", "b"}),
        ([clamp("a", {"max_of": "top_k"}), {"name": "b", "kind": "clamp", "parameters": {"top_k": {"max": 0.2}},
                                            "when": {"stream": False}}], {"a"}),
        ([clamp("set", {"default": 1}), {"name": "no", "kind": "reject", "message": "x",
                                         "when": {"parameters": {"temperature": {"present": True}}}}], {"no"}),
    ],
)  # fmt: skip
def test_rules_that_undo_each_other_are_found(rules: list[dict[str, Any]], names: set[str]) -> None:
    findings = list(find_unstable_rules(policy_of(*rules)))
    assert {finding.rule for finding in findings} == names
    assert all("changes its own output again" in finding.message for finding in findings)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [clamp("a", {"max": 0.5, "default": 0.3})],
        [clamp("a", {"max": 0.7}), clamp("b", {"max": 0.5})],
        [clamp("a", {"value": 0.6}, temperature={"gt": 1})],
        [clamp("a", {"value": 0.6}, temperature={"present": False})],
        [clamp("a", {"drop": True})],
        [clamp("a", {"rename": "temp"})],
        [clamp("a", {"append": ["x"], "remove": ["y"]})],
        [clamp("a", {"max_of": "max_tokens", "minus": 1})],
        [clamp("a", {"max": 0.5}), {**clamp("b", {"min": 0.7}), "mode": "audit"}],
        [clamp("a", {"max": 0.5}), {**clamp("b", {"min": 0.7}), "mode": "off"}],
        [{"kind": "append_suffix", "text": {"en": "A", "zh": "B"}}],
        [{"kind": "append_suffix", "text": "A"}, {"name": "b", "kind": "append_suffix", "text": "B"}],
        [{"kind": "force_opening", "text": "<think>"}, {"kind": "filter_whitespace"}],
        [{"kind": "reject", "message": "no"}],
    ],
)
def test_stable_policies_have_no_finding(rules: list[dict[str, Any]]) -> None:
    assert list(find_unstable_rules(policy_of(*rules))) == []


@pytest.mark.parametrize("folder", ["policies", "examples"])
def test_shipped_policies_and_examples_are_stable(folder: str) -> None:
    policies = load_paths([Path(__file__).parents[3] / folder]).policies
    assert [finding for policy in policies for finding in find_unstable_rules(policy)] == []
