"""The shipped policies and the examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from prompt_policy import Policy, load_paths
from prompt_policy.policy.library import library_folder, list_policy_files
from prompt_policy.policy.lint import lint
from prompt_policy.testing import run_policy

LIBRARY = load_paths([])
SHIPPED = LIBRARY.policies
EXAMPLES_FOLDER = Path(__file__).parents[3] / "examples"
EXAMPLES = load_paths([EXAMPLES_FOLDER]).policies


def ids(policy: Policy) -> str:
    return policy.name


def test_policies_are_named_after_their_files() -> None:
    assert [path.stem for path in list_policy_files(library_folder())] == [policy.name for policy in SHIPPED]


@pytest.mark.parametrize(
    "path", [*list_policy_files(library_folder()), *list_policy_files(EXAMPLES_FOLDER)], ids=lambda path: path.stem
)
def test_a_file_can_be_read_by_strict_yaml_parsers(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["version"] == 1


@pytest.mark.parametrize("policy", [*SHIPPED, *EXAMPLES], ids=ids)
def test_cases_pass_and_cover_each_rule_both_ways(policy: Policy) -> None:
    result = run_policy(policy)
    assert [(case.case.name, case.failures) for case in result.cases if case.failures] == []
    assert result.never_fired == ()
    assert result.always_fired == ()


@pytest.mark.parametrize(
    ("policy", "rule"), [(policy, rule.name) for policy in (*SHIPPED, *EXAMPLES) for rule in policy.rules]
)
def test_a_case_fails_if_a_rule_is_removed(policy: Policy, rule: str) -> None:
    fewer = policy.model_copy(update={"rules": tuple(r for r in policy.rules if r.name != rule)})
    assert not run_policy(fewer).passed


def read_own_rules(policy: Policy) -> list[dict[str, Any]]:
    """Return the rules of a policy's own file, without those that it inherits."""
    return list(yaml.safe_load((library_folder() / f"{policy.name}.yaml").read_text(encoding="utf-8")).get("rules", ()))


def change_values(value: Any, key: str = "") -> Iterator[Any]:
    """Yield copies of a rule, in each of which one number, switch or text has another value."""
    if isinstance(value, dict):
        for name in value.keys() - {"name", "kind", "why", "when", "profile"}:
            yield from ({**value, name: other} for other in change_values(value[name], name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in change_values(item, key))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (round(value + step, 4) for step in (1, -1, 0.01, -0.01))
    elif isinstance(value, str):
        yield f"{value} and"


def test_each_value_of_a_rule_is_changed_once() -> None:
    rule = {"name": "a", "parameters": {"top_p": {"max": 0.5}}, "on": True, "texts": ["b"]}
    changed = list(change_values(rule))
    assert len(changed) == 4 + 1 + 1
    assert {**rule, "parameters": {"top_p": {"max": 0.51}}} in changed
    assert {**rule, "texts": ["b and"]} in changed
    assert rule not in changed


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        pytest.param(policy, rule, id=f"{policy.name}-{rule['name']}")
        for policy in SHIPPED
        for rule in read_own_rules(policy)
    ],
)
def test_a_case_fails_if_a_value_is_changed(policy: Policy, rule: dict[str, Any]) -> None:
    for changed in change_values(rule):
        try:
            (other,) = Policy.model_validate({"version": 1, "name": policy.name, "rules": [changed]}).rules
        except ValidationError:
            continue  # the loader rejects the value
        rules = tuple(other if known.name == other.name else known for known in policy.rules)
        assert not run_policy(policy.model_copy(update={"rules": rules})).passed, changed


@pytest.mark.parametrize("policy", SHIPPED, ids=ids)
def test_a_shipped_policy_states_its_sources(policy: Policy) -> None:
    assert policy.sources
    assert policy.description
    assert policy.applies_to


@pytest.mark.parametrize("policy", SHIPPED, ids=ids)
def test_shipped_policies_pass_the_linter(policy: Policy) -> None:
    assert [str(problem) for problem in lint(policy, LIBRARY.source_maps[policy.name])] == []
