"""The measurement of growth uses one policy for a model, and one rule for a tenant."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.bodies import build_conversation
from benchmarks.scaling import build_tenant_policy, format_table, measure_policies
from benchmarks.suites.library import write_policies

from prompt_policy import Pipeline
from prompt_policy.conditions.context import RequestContext


@pytest.mark.parametrize("team", ["team-0", "team-4"])
def test_only_the_rule_of_the_tenant_fires(team: str) -> None:
    applied = Pipeline(build_tenant_policy(5)).apply(build_conversation(), "chat", RequestContext(team=team))
    assert applied.decision.fired == (team.replace("team", "tenant"),)


def test_figures_of_policies_are_positive(tmp_path: Path) -> None:
    write_policies(tmp_path, 2)
    row = measure_policies(str(tmp_path))
    assert row.pop("memory") >= 0
    assert all(value > 0 for value in row.values())


def test_the_table_has_a_row_for_each_number() -> None:
    lines = list(format_table("policies", {1: {"load": 0.00512}, 10_000: {"load": 14.11}}))
    assert [line.split() for line in lines] == [["policies", "load,", "s"], ["1", "0.00512"], ["10,000", "14.1"]]
