"""The blocks of a run: what is sent, and what is not sent again."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest

from prompt_policy.bench.load.reader import RequestDone
from prompt_policy.bench.load.runner import BenchRunner
from prompt_policy.bench.record import MeasuredRequest, Record
from tests.support.records import make_questions, make_record, make_request
from tests.support.serving import serve_paced
from tests.unit.bench.load.test_session import SUFFIX_POLICY, plan_for

pytestmark = pytest.mark.exclusive


class CountingListener:
    """Counts the requests of each phase."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.done = Counter[str]()

    def start_phase(self, phase: str, total: int, unit: str = "requests") -> None:
        self.totals[phase] = total

    def advance(self, count: int = 1) -> None:
        self.done["warming up"] += count

    def update(self, result: RequestDone) -> None:
        self.done["measuring"] += 1


async def run_and_read_lines(record: Record) -> list[dict[str, object]]:
    out, listener = io.BytesIO(), CountingListener()
    runner = BenchRunner(record, out, policies={"on": SUFFIX_POLICY}, key=None, stream_options={}, listener=listener)
    await runner.run()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert listener.done == {phase: total for phase, total in listener.totals.items() if total}
    assert listener.done["measuring"] == sum(line["kind"] == "request" for line in lines)
    return lines


async def test_recorded_requests_are_not_sent_again() -> None:
    with serve_paced(reasoning_chunks=1, answer_chunks=2) as url:
        record = make_record([make_request("off", "q0", 0), make_request("on", "q1", 1)], plan_for(url, warmup=0), 2)
        lines = await run_and_read_lines(record)
    sent = {(line["arm"], line["question"], line["sample"]) for line in lines if line["kind"] == "request"}
    assert len(sent) == 6
    assert not sent & set(record.requests)


async def test_the_policy_is_applied_in_arm_on_only() -> None:
    with serve_paced(reasoning_chunks=1, answer_chunks=2) as url:
        lines = await run_and_read_lines(make_record([], plan_for(url, warmup=1, samples=1), 2))
    requests = [MeasuredRequest.model_validate(line) for line in lines if line["kind"] == "request"]
    policies = {(request.arm, (request.policy or "").partition("@")[0]) for request in requests}
    assert policies == {("off", ""), ("on", "twice")}
    assert len(make_questions(2)) * 2 == len(requests)  # warm-up is not included


async def test_each_block_records_the_load_on_the_client() -> None:
    with serve_paced(reasoning_chunks=1, answer_chunks=2) as url:
        lines = await run_and_read_lines(make_record([], plan_for(url, warmup=1, samples=1), 2))
    blocks = [line for line in lines if line["kind"] == "block"]
    assert {line["arm"] for line in blocks} == {"off", "on"}
    assert all(line["seconds"] and line["cpu"] is not None for line in blocks)
