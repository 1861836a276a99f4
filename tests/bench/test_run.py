"""A run: what is sent, and what is not sent again."""

from __future__ import annotations

import io
import json
from collections import Counter

from prompt_policy.bench.record import Measured, Record
from prompt_policy.bench.run import Run
from tests.bench.making import one, questions, record
from tests.bench.serving import serving
from tests.bench.test_session import SUFFIX, at


async def lines_of(made: Record) -> list[dict[str, object]]:
    out, seen = io.BytesIO(), Counter[str]()
    run = Run(made, out, policy=SUFFIX, key=None, stream_options={}, watch=lambda event: seen.update([event.arm]))
    await run.go()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert sum(seen.values()) == sum(line["kind"] == "request" for line in lines)
    return lines


async def test_what_a_record_holds_is_not_sent_again() -> None:
    with serving(thought=1, answer=2) as url:
        made = record([one("off", "q0", 0), one("on", "q1", 1)], at(url, warmup=0), 2)
        lines = await lines_of(made)
    sent = {(line["arm"], line["question"], line["sample"]) for line in lines if line["kind"] == "request"}
    assert len(sent) == 6
    assert not sent & set(made.requests)


async def test_only_the_arm_that_is_on_is_policed_and_each_block_tells_of_the_client() -> None:
    with serving(thought=1, answer=2) as url:
        lines = await lines_of(record([], at(url, warmup=1, samples=1), 2))
    requests = [Measured.model_validate(line) for line in lines if line["kind"] == "request"]
    assert {(each.arm, (each.policy or "").partition("@")[0]) for each in requests} == {("off", ""), ("on", "twice")}
    blocks = [line for line in lines if line["kind"] == "block"]
    assert {line["arm"] for line in blocks} == {"off", "on"}
    assert all(line["seconds"] and line["cpu"] is not None for line in blocks)
    assert len(questions(2)) * 2 == len(requests)  # warm-up is not in it
