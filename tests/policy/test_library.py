"""The shipped library."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy import Policy, load_paths
from prompt_policy.policy.library import library_folder, policy_files
from prompt_policy.policy.load import advice_on
from prompt_policy.testing import run_policy

SHIPPED = load_paths([]).policies
EXAMPLES = load_paths([Path(__file__).parents[2] / "examples"]).policies


def ids(policy: Policy) -> str:
    return policy.name


def test_the_folder_holds_policies_named_after_their_files() -> None:
    assert [path.stem for path in policy_files(library_folder())] == [policy.name for policy in SHIPPED]


@pytest.mark.parametrize("policy", [*SHIPPED, *EXAMPLES], ids=ids)
def test_cases_pass_and_every_rule_is_fired_and_left_silent(policy: Policy) -> None:
    result = run_policy(policy)
    assert [(case.case.name, case.mistakes) for case in result.cases if case.mistakes] == []
    assert result.never_acting == ()
    assert result.never_silent == ()


@pytest.mark.parametrize(
    ("policy", "rule"), [(policy, rule.name) for policy in (*SHIPPED, *EXAMPLES) for rule in policy.rules]
)
def test_without_any_one_rule_a_case_fails(policy: Policy, rule: str) -> None:
    fewer = policy.model_copy(update={"rules": tuple(r for r in policy.rules if r.name != rule)})
    assert not run_policy(fewer).passed


@pytest.mark.parametrize("policy", SHIPPED, ids=ids)
def test_a_shipped_policy_names_its_sources(policy: Policy) -> None:
    assert policy.sources
    assert policy.description
    assert policy.applies_to


@pytest.mark.parametrize("policy", SHIPPED, ids=ids)
def test_nothing_in_it_seems_wrong_and_every_rule_has_a_source(policy: Policy) -> None:
    file = library_folder() / f"{policy.name}.yaml"
    assert [str(problem) for problem in advice_on(policy, file)] == []
