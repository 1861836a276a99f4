"""Rules, and parts of conditions and texts, that never have an effect."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.policy.lint.inactive_rules import (
    find_inactive_rules,
    find_undetected_languages,
    find_unknown_tasks,
)
from tests.support.policies import policy_of

SUFFIX = {"kind": "append_suffix", "text": "A"}
OPENING = {"kind": "force_opening", "text": "<think>"}
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 1}}}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {**CLAMP, "when": {"parameters": {"temperature": {"gt": 1, "lt": 0}}}},
            "contradicts itself in parameters.temper",
        ),
        ({**CLAMP, "when": {"task": "math", "not": {"task": ["math", "code"]}}}, "contradicts itself in task"),
        ({**CLAMP, "when": {"all": [{"task": "math"}, {"task": "code"}]}}, "contradicts itself in task"),
        ({**OPENING, "when": {"all": [{"has_tools": True}]}}, "force_opening is skipped when has_tools holds"),
        (
            {**OPENING, "when": {"any": [{"has_tools": True}, {"json_mode": True, "has_tools": True}]}},
            "has_tools holds",
        ),
        ({**OPENING, "when": {"not": {"has_tools": False}}}, "force_opening is skipped when has_tools holds"),
        ({**SUFFIX, "when": {"all": [{"json_mode": True}]}}, "append_suffix is skipped when json_mode holds"),
        ({**SUFFIX, "when": {"endpoint": "completions"}}, "append_suffix does not act on completions"),
        (
            {**SUFFIX, "when": {"all": [{"endpoint": ["completions"]}]}},
            "does not act on the endpoints of its condition",
        ),
        (
            {**CLAMP, "when": {"any": [{"stream": True}, {"all": [{"task": "a"}, {"task": "b"}]}]}},
            "when.any[1] never holds",
        ),
        ({**CLAMP, "when": {"not": {"parameters": {"n": {"gt": 1, "lt": 0}}}}}, "when.not never holds"),
    ],
)
def test_a_condition_that_never_holds_is_found(rule: dict[str, Any], message: str) -> None:
    [finding] = find_inactive_rules(policy_of(rule))
    assert message in finding.message


@pytest.mark.parametrize(
    "rule",
    [
        {**CLAMP, "when": {"has_tools": True}},
        {**CLAMP, "when": {"endpoint": "completions"}},
        {**OPENING, "when": {"not": {"has_tools": True}}},
        {**OPENING, "when": {"any": [{"has_tools": False}, {"stream": True}]}},
        {**OPENING, "when": {"any": [{"task": "math"}, {"not": {"json_mode": True}}]}},
        {**SUFFIX, "when": {"endpoint": ["completions", "chat"]}},
        {**SUFFIX, "when": {"has_tools": True}},
        {**SUFFIX, "when": {"task": "legal", "not": {"task": ["math", "code"]}}},
        {**SUFFIX, "when": {"language": "zh", "not": {"task": "code"}}},
        {**SUFFIX, "when": {"parameters": {"temperature": {"present": False}}}},
        {**SUFFIX, "when": {"all": [{"tags": "a"}, {"tags": "b"}]}},
    ],
)
def test_a_condition_that_can_hold_has_no_finding(rule: dict[str, Any]) -> None:
    assert list(find_inactive_rules(policy_of(rule))) == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({**SUFFIX, "when": {"language": "fr"}}, "fr"),
        ({**SUFFIX, "when": {"any": [{"stream": True}, {"not": {"language": ["zh", "de"]}}]}}, "de"),
        ({**SUFFIX, "text": {"en": "A", "fr": "B"}}, "fr"),
        ({**SUFFIX, "text": {"fr": "A", "es": "B"}}, "es"),
        ({**OPENING, "method": "instruct", "instruction": {"en": "A", "vi": "B"}}, "vi"),
        ({**SUFFIX, "when": {"language": "kr"}}, "kr"),
    ],
)
def test_a_language_that_is_never_detected_is_found(rule: dict[str, Any], code: str) -> None:
    [finding] = find_undetected_languages(policy_of(rule))
    assert f"names '{code}', which is never detected" in finding.message


@pytest.mark.parametrize(
    "rule",
    [
        SUFFIX,
        {**SUFFIX, "text": {"en": "A", "zh": "B"}},
        {**SUFFIX, "text": {"fr": "A"}},
        {**SUFFIX, "text": {"fr": "A", "zh": "B"}},
        {**SUFFIX, "text": {"de": "A", "en": "B", "ja": "C"}},
        {**SUFFIX, "when": {"language": "zh"}},
        {**SUFFIX, "when": {"not": {"language": ["ko", "ja"]}}},
        {**OPENING, "method": "instruct", "instruction": "A"},
        {**OPENING, "method": "instruct", "instruction": {"fr": "A", "zh": "B"}},
        CLAMP,
    ],
)
def test_detected_languages_and_the_fallback_have_no_finding(rule: dict[str, Any]) -> None:
    assert list(find_undetected_languages(policy_of(rule))) == []


def test_an_unknown_task_is_found_in_nested_conditions() -> None:
    rule = {**SUFFIX, "when": {"not": {"any": [{"task": ["mathe", "legal"]}, {"task": "other"}]}}}
    [finding] = find_unknown_tasks(policy_of(rule, tasks={"legal": {"any": ["contract"]}}))
    assert "'mathe'" in finding.message
    assert "(did you mean 'math'?)" in finding.message
