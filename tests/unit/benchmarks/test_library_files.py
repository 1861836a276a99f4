"""Tests of the policies of large libraries."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bodies import MODEL, POLICY
from benchmarks.suites.latency import Percentiles
from benchmarks.suites.library import write_policies

from prompt_policy import load_paths


def test_one_written_policy_matches_the_model(tmp_path: Path) -> None:
    write_policies(tmp_path, 5)
    policies = load_paths([tmp_path])
    selected = [policies.select(name) for name in (MODEL, "org/other-3-7B", "someone/unknown")]
    assert len(policies.policies) == 5
    assert [each and each.policy.name for each in selected] == [POLICY, "other-3", None]


def test_percentiles_are_in_milliseconds() -> None:
    assert Percentiles.of([number / 1000 for number in range(101)]) == (50, 99)
