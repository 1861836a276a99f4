"""What is allowed and still seems wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompt_policy import load
from prompt_policy.policy.advice import Finding, findings
from prompt_policy.policy.load import advice_on
from tests.support import policy_of

CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
PIN = {"name": "pin", "kind": "clamp", "parameters": {"temperature": {"value": 0.6}}}
NO = {"name": "no", "kind": "reject", "message": "no"}
SUFFIX = {"name": "one", "kind": "append_suffix", "text": "A"}
OTHER = {"name": "two", "kind": "append_suffix", "text": "B"}
MATH, CODE = {"task": "math"}, {"task": ["code", "legal"]}


def found(*rules: dict[str, Any], **keys: Any) -> list[tuple[str, str]]:
    policy = policy_of(*rules, **keys)
    reasons = frozenset({"engine", *(rule.name for rule in policy.rules)})
    return [(finding.rule, finding.message) for finding in findings(policy, reasons)]


@pytest.mark.parametrize(
    ("rules", "rule", "message"),
    [
        ([NO, CLAMP], "clamp", "never reached: 'no' refuses every request"),
        ([{**CLAMP, "mode": "off"}], "clamp", "is off"),
        ([{**SUFFIX, "when": {"endpoint": "completions"}}], "one", "does not act on completions"),
        ([{**SUFFIX, "when": {"json_mode": True}}], "one", "append_suffix is skipped where json_mode holds"),
        ([{**CLAMP, "when": {"stream": True, "not": {"stream": True}}}], "clamp", "contradicts itself"),
        ([PIN, CLAMP], "clamp", "a bound for temperature, which 'pin' has set already"),
        ([PIN, {**PIN, "name": "again"}], "again", "a value for temperature, which 'pin'"),
        ([{**PIN, "when": MATH}, {**CLAMP, "when": MATH}], "clamp", "which 'pin' has set already"),
        ([SUFFIX, OTHER], "two", "after that of 'one'"),
        ([{**SUFFIX, "when": MATH}, {**OTHER, "when": {"task": ["math", "code"]}}], "two", "after that of 'one'"),
        ([{**SUFFIX, "to": "last_user"}], "one", "prefix cache"),
        ([{"kind": "fold_system", "into": "last_user"}], "fold-system", "prefix cache"),
        (
            [{"name": "o", "kind": "force_opening", "text": "x", "method": "instruct", "instruction": "Begin."}],
            "o",
            "prefix cache",
        ),
        ([{**CLAMP, "when": {"any": [{"task": "mth"}, {"stream": True}]}}], "clamp", "(did you mean 'math'?)"),
    ],
)
def test_what_seems_wrong(rules: list[dict[str, Any]], rule: str, message: str) -> None:
    [finding] = found(*rules)
    assert finding[0] == rule
    assert message in finding[1]


@pytest.mark.parametrize(
    "rules",
    [
        [{**NO, "when": {"has_tools": True}}, CLAMP],
        [{**NO, "mode": "off", "when": MATH}][:0],
        [CLAMP, PIN],
        [{**PIN, "when": MATH}, CLAMP],
        [{**SUFFIX, "when": MATH}, {**OTHER, "when": {"task": "code"}}],
        [{**SUFFIX, "when": {"stream": True}}, {**OTHER, "when": {"stream": False}}],
        [{**CLAMP, "when": {"endpoint": "completions"}}],
    ],
)
def test_what_is_fine(rules: list[dict[str, Any]]) -> None:
    assert found(*rules) == []


def test_a_task_of_the_policys_own_is_known() -> None:
    assert found({**SUFFIX, "when": CODE}, tasks={"legal": {"any": ["contract"]}}) == []


def test_every_rule_and_the_engine_need_a_reason() -> None:
    policy = policy_of(CLAMP, PIN, engine={"max_model_len": 5})
    told = [f for f in findings(policy, frozenset({"clamp"})) if "source" in f.message]
    assert [finding.rule for finding in told] == ["pin", ""]
    assert isinstance(told[0], Finding)


SOURCE = "sources: [{{url: 'https://example.org', date: 2025-01-01, says: so, for: [{}]}}]\n"
BASE = (
    "version: 1\nname: base\n" + SOURCE.format("a, b") + "rules:\n"
    "  - {name: a, kind: fold_system}\n  - {name: b, kind: strip_reasoning}\n"
)


@pytest.mark.parametrize(
    ("heir", "lacking"),
    [
        ("", []),
        ("rules: [{name: a, kind: fold_system}]\n", ["heir.yaml:4:9: rules[0]"]),
        ("rules: [{name: a, kind: fold_system}]\n" + SOURCE.format("a"), []),
        ("rules: [{name: c, kind: fold_system}]\n" + SOURCE.format("b"), ["heir.yaml:4:9: rules[0]"]),
    ],
)
def test_a_bases_source_says_nothing_of_a_rule_that_was_replaced(tmp_path: Path, heir: str, lacking: list[str]) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    file = tmp_path / "heir.yaml"
    file.write_text("version: 1\nname: heir\nextends: base.yaml\n" + heir)
    told = [str(p).removeprefix(f"{tmp_path}/") for p in advice_on(load(file), file)]
    assert [line.partition(": no source")[0] for line in told] == lacking
