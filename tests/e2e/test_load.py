"""Policies that change under load, in short: no answer is lost, and each obeys one version of the policy in full."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.load.made import Plan
from benchmarks.load.run import run
from benchmarks.load.table import as_json, as_text
from benchmarks.load.traffic import ALL

SHORT = Plan(requests=600, streams=60, others=8, workers=2, settles=False, sample_every_s=1)


def test_edits_under_load_lose_no_answer_and_mix_no_policies(tmp_path: Path) -> None:
    said: list[str] = []

    made = run(SHORT, tmp_path, said.append)

    [arm] = made.arms
    assert made.passed, as_text(made)
    assert arm.client.asked.total() >= SHORT.requests
    assert arm.client.asked.keys() == set(ALL)
    assert arm.client.most_streams >= SHORT.streams
    assert made.policies.edits.keys() == {"edited", "broken", "main deleted", "other deleted", "other restored"}
    assert len(arm.client.seen) > 2, "versions that were in force while requests came"
    assert json.loads(json.dumps(as_json(made)))["backend"]["open"] == 0
