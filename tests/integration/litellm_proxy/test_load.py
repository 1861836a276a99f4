"""Runs a short load benchmark: no answer is lost, and each obeys one version of the policy as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.load.plan import Plan
from benchmarks.load.run import run
from benchmarks.load.table import build_report, format_report
from benchmarks.load.traffic import ALL

pytestmark = pytest.mark.exclusive

SHORT = Plan(requests=600, streams=60, others=8, workers=2, settles=False, sample_every_s=1)


def test_edits_under_load_lose_and_mix_up_no_answers(tmp_path: Path) -> None:
    progress: list[str] = []

    load_run = run(SHORT, tmp_path, progress.append)

    [arm] = load_run.arms
    assert load_run.passed, format_report(load_run)
    assert arm.client.sent.total() >= SHORT.requests
    assert arm.client.sent.keys() == set(ALL)
    assert arm.client.max_streams >= SHORT.streams
    assert load_run.policies.edits.keys() == {"edited", "broken", "other deleted", "other restored"}
    assert len(arm.client.versions) > 2, "versions that were active during the load"
    assert json.loads(json.dumps(build_report(load_run)))["backend"]["open"] == 0
