"""The linter of policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import load_paths
from prompt_policy.kinds import Rule
from prompt_policy.kinds.clamp import Clamp
from prompt_policy.policy.lint import Finding, lint, lint_rules, lint_set
from prompt_policy.policy.source import Source
from tests.support.policies import policy_of

CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
PIN = {"name": "pin", "kind": "clamp", "parameters": {"temperature": {"value": 0.6}}}
NO = {"name": "no", "kind": "reject", "message": "no"}
SUFFIX = {"name": "one", "kind": "append_suffix", "text": "A"}
OTHER = {"name": "two", "kind": "append_suffix", "text": "B"}
HOT = {"name": "hot", "kind": "clamp", "parameters": {"temperature": {"min": 0.9}}}
SUPPORT = Source.model_validate({"url": "https://example.org", "read": "2026-12-01", "says": "so", "strength": "must"})
MATH, CODE = {"task": "math"}, {"task": ["code", "legal"]}


def lint_findings(*rules: dict[str, Any], **keys: Any) -> list[tuple[str, str]]:
    policy = policy_of(*rules, **keys)
    sources = {name: [SUPPORT] for name in ("engine", *(rule.name for rule in policy.rules))}
    return [(finding.rule, finding.message) for finding in lint_rules(policy, sources)]


@pytest.mark.parametrize(
    ("rules", "rule", "message"),
    [
        ([NO, CLAMP], "clamp", "never reached: 'no' rejects every request"),
        ([{**CLAMP, "mode": "off"}], "clamp", "is off"),
        ([{**SUFFIX, "when": {"endpoint": "completions"}}], "one", "does not act on completions"),
        ([{**SUFFIX, "when": {"json_mode": True}}], "one", "append_suffix is skipped when json_mode holds"),
        ([{**CLAMP, "when": {"stream": True, "not": {"stream": True}}}], "clamp", "contradicts itself"),
        ([{**CLAMP, "when": MATH}, {**HOT, "when": {"stream": True}}], "hot", "may act together with 'clamp'"),
        ([CLAMP, {**HOT, "when": MATH}], "hot", "temperature is at most 0.7 before, and is at least 0.9 here"),
        ([{**PIN, "when": MATH}, HOT], "hot", "temperature is 0.6 before, and is at least 0.9 here"),
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
def test_a_wrong_rule_is_reported(rules: list[dict[str, Any]], rule: str, message: str) -> None:
    [finding] = lint_findings(*rules)
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
        [{**CLAMP, "when": MATH}, {**HOT, "when": {"task": "code"}}],
        [{**CLAMP, "when": {"stream": True}}, {**HOT, "when": {"not": {"stream": True}}}],
        [{**CLAMP, "when": {"stream": True, **MATH}}, {**HOT, "when": {"any": [{"task": "code"}, {"stream": False}]}}],
        [CLAMP, {**HOT, "mode": "audit"}],
        [CLAMP, {"kind": "clamp", "name": "other", "parameters": {"top_p": {"min": 0.9}}}],
    ],
)
def test_a_correct_policy_has_no_findings(rules: list[dict[str, Any]]) -> None:
    assert lint_findings(*rules) == []


def test_a_custom_task_is_known() -> None:
    assert lint_findings({**SUFFIX, "when": CODE}, tasks={"legal": {"any": ["contract"]}}) == []


def test_rules_and_engine_options_need_a_source() -> None:
    policy = policy_of(CLAMP, PIN, engine={"max_model_len": 5})
    findings = [f for f in lint_rules(policy, {"clamp": [SUPPORT]}) if "source" in f.message]
    assert [finding.rule for finding in findings] == ["pin", ""]
    assert isinstance(findings[0], Finding)


class Talkative(Clamp):
    """A kind with a finding of its own."""

    def lint(self, earlier: Sequence[Rule]) -> Iterator[str]:
        yield f"runs after {[rule.name for rule in earlier]}"


def test_a_kind_adds_its_own_findings_about_active_rules() -> None:
    policy = policy_of(CLAMP, {**NO, "mode": "off"})
    rule = Talkative.model_validate({**CLAMP, "name": "last"})
    findings = lint_rules(policy.model_copy(update={"rules": (*policy.rules, rule)}), {})
    assert Finding("last", "runs after ['clamp']") in findings


SOURCE = "sources: [{{url: 'https://example.org', read: 2025-01-01, says: so, for: [{}]}}]\n"
BASE = (
    "version: 1\nname: base\n" + SOURCE.format("a, b") + "rules:\n"
    "  - {name: a, kind: fold_system}\n  - {name: b, kind: strip_reasoning}\n"
)


@pytest.mark.parametrize(
    ("derived", "lacking"),
    [
        ("", []),
        ("rules: [{name: a, kind: fold_system}]\n", ["derived.yaml:4:9: rules[0]"]),
        ("rules: [{name: a, kind: fold_system}]\n" + SOURCE.format("a"), []),
        ("rules: [{name: c, kind: fold_system}]\n" + SOURCE.format("b"), ["derived.yaml:4:9: rules[0]"]),
    ],
)
def test_a_base_source_does_not_support_a_replaced_rule(tmp_path: Path, derived: str, lacking: list[str]) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    file = tmp_path / "derived.yaml"
    file.write_text("version: 1\nname: derived\nextends: base.yaml\n" + derived)
    policies = load_paths([file])
    problems = lint(policies.policies[0], policies.source_maps["derived"])
    lines = [str(problem).removeprefix(f"{tmp_path}/") for problem in problems]
    assert [line.partition(": has no source")[0] for line in lines] == lacking


def write_policies(folder: Path, **texts: str) -> list[Path]:
    files = [folder / f"{name}.yaml" for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(f"version: 1\nname: {file.stem}\n{text}")
    return files


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"a": "rules: []\n"}, ["a"]),
        ({"a": "applies_to: {models: m}\nrules: []\n"}, []),
        ({"base": "rules: []\n", "own": "extends: base.yaml\napplies_to: {models: m}\n"}, []),
        ({"base": "applies_to: {models: m}\nrules: []\n", "own": "extends: base.yaml\n"}, ["own"]),
        ({"base": "rules: []\n", "middle": "extends: base.yaml\n", "own": "extends: middle.yaml\n"}, ["own"]),
    ],
)
def test_a_policy_needs_models_unless_another_extends_it(
    tmp_path: Path, texts: dict[str, str], found: list[str]
) -> None:
    problems = lint_set(load_paths(write_policies(tmp_path, **texts)))
    assert [Path(problem.file).stem for problem in problems] == found
    assert all("applies to no model" in problem.message for problem in problems)


ESCAPES = [
    *("text: <think>\\n", "text: '<think>\\n'", "text: {en: 'a', zh: '\\n'}", "text: |\n      a\\n", "text: a\\n\\n"),
    *("text: a\n    separator: \\n\\n", "text: a\n    unless_contains: [b, \\t]"),
    "text: a\n    when: {last_user: {contains: 'x\\r\\n'}}",
]
PLAIN = [
    *(
        'text: "<think>\\n"',
        'text: "\\\\n"',
        "text: put it in \\boxed{}",
        "text: $a \\neq b$",
        "text: \\nabla f",
        "text: \\t{oo}",
    ),
    *(
        "text: $\\theta$",
        "text: C:\\newfolder",
        "text: a\\\\n",
        "text: |\n      a\n\n",
        'text: a\n    separator: "\\n"',
    ),
    *("text: a\n    when: {last_user: {matches: 'a\\n'}}", "text: a\n    when: {last_user: {matches: '\\n$'}}"),
]


def lint_suffix(folder: Path, keys: str) -> list[str]:
    rule = "applies_to: {models: m}\nrules:\n  - name: a\n    kind: append_suffix\n    " + keys
    problems = lint_set(load_paths(write_policies(folder, a=rule + "\n" + SOURCE.format("a"))))
    return [problem.path for problem in problems]


@pytest.mark.parametrize("keys", ESCAPES)
def test_an_escape_sequence_without_double_quotes_is_found(tmp_path: Path, keys: str) -> None:
    assert len(lint_suffix(tmp_path, keys)) == 1


@pytest.mark.parametrize("keys", PLAIN)
def test_latex_patterns_and_double_quotes_are_left_alone(tmp_path: Path, keys: str) -> None:
    assert lint_suffix(tmp_path, keys) == []


def test_an_escape_sequence_in_a_replaced_rule_is_not_reported(tmp_path: Path) -> None:
    rule = "applies_to: {models: MODEL}\nrules: [{name: a, kind: append_suffix, text: TEXT}]\n" + SOURCE.format("a")
    base, own = (rule.replace("MODEL", model).replace("TEXT", text) for model, text in (("x", "b\\n"), ("y", "c")))
    files = write_policies(tmp_path, base=base, own="extends: base.yaml\n" + own)
    assert [Path(problem.file).stem for problem in lint_set(load_paths(files))] == ["base"]
    files[1].write_text("version: 1\nname: own\nextends: base.yaml\nremove: [a]\napplies_to: {models: z}\n")
    assert lint_set(load_paths([files[1]])) == []


FOLDERS = ["policies", "examples"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_shipped_policies_and_examples_have_only_known_findings(folder: str) -> None:
    problems = lint_set(load_paths([Path(__file__).parents[4] / folder]))
    expected = ("has no source", "applies to no model", "prefix cache") if folder == "examples" else ()
    assert [str(problem) for problem in problems if not any(part in problem.message for part in expected)] == []
