"""A run from its plan to the end of its record, against a paced fake with a known schedule."""

from __future__ import annotations

import heapq
import math
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.bench.flat import figures_of
from prompt_policy.bench.plan import Plan, blocks_of
from prompt_policy.bench.record import Record, read_record
from prompt_policy.bench.session import Wanted, performed
from prompt_policy.bench.slo import parse_slo
from prompt_policy.bench.summary import Summary, summary_of
from prompt_policy.errors import ServerError, UsageError
from prompt_policy.policy.document import Policy
from tests.bench.making import never, plan, questions
from tests.bench.schedule import half, helped, spread_first
from tests.bench.serving import serving

SUFFIX = Policy.model_validate({
    "version": 1, "name": "twice",
    "rules": [{"name": "twice", "kind": "append_suffix", "text": "Think about it twice."}],
})  # fmt: skip


def at(url: str, arms: Sequence[str] = ("off", "on"), **changed: Any) -> Plan:
    made = plan(arms, **changed)
    return made.model_copy(update={"arms": tuple(arm.model_copy(update={"url": url}) for arm in made.arms)})


def ran(out: Path, made: Plan, count: int, policy: Policy | None = SUFFIX, **changed: Any) -> Record:
    return performed(Wanted(made, questions(count), policy, None, out, **changed))


def told(record: Record) -> Summary:
    return summary_of(record, parse_slo(record.header.slo), never)


GAP, THOUGHT, ANSWER, WIDTH = 0.02, 5, 5, 16


def of_the_schedule(made: Plan, arm: str, count: int) -> dict[str, float]:
    """Return the figures that a server without delay would have: seeds decide its times, workers take turns."""
    firsts: list[float] = []
    whole = 0.0
    for block in blocks_of(made, questions(count), frozenset()):
        if block.arm.name != arm:
            continue
        workers = [0.0] * WIDTH
        for item in block.items:
            firsts.append(spread_first(item.seed))
            heapq.heappush(workers, heapq.heappop(workers) + firsts[-1] + (THOUGHT + ANSWER - 1) * GAP)
        whole += max(workers)
    firsts.sort()
    p50, p95 = firsts[math.ceil(0.5 * len(firsts)) - 1], firsts[math.ceil(0.95 * len(firsts)) - 1]
    rest = (THOUGHT + ANSWER - 1) * GAP
    return {
        "p50_ttft": p50, "p95_ttft": p95, "p50_e2e": p50 + rest, "p95_e2e": p95 + rest,
        "p50_visible": p50 + THOUGHT * GAP, "mean_itl": GAP, "tokens": THOUGHT + ANSWER,
        "requests_per_second": len(firsts) / whole, "tokens_per_second": len(firsts) * (THOUGHT + ANSWER) / whole,
    }  # fmt: skip


def test_times_and_throughput_are_those_of_the_schedule(tmp_path: Path) -> None:
    with serving(first=spread_first, gap=GAP, thought=THOUGHT, answer=ANSWER) as url:
        made = at(url, samples=5, blocks=2, load=f"closed:{WIDTH}")
        for attempt in range(3):  # a busy machine makes a run invalid, as the run itself tells
            summary = told(ran(tmp_path / str(attempt), made, 40))
            if not summary.invalid:
                break
    assert (summary.ended, summary.invalid) == ("complete", ())
    figures = figures_of(summary)
    for arm in ("off", "on"):
        known = of_the_schedule(made, arm, 40)
        assert {name: figures[f"{name}_{arm}"] for name in known} == pytest.approx(known, rel=0.12)


def test_a_policy_that_helps_and_slows_is_called_so(tmp_path: Path) -> None:
    with serving(odds=helped, slower=2.0, thought=2, answer=4) as url:
        made = told(ran(tmp_path / "r", at(url, samples=5, load="closed:16"), 40))
    assert made.main is not None
    assert made.main.accuracy is not None
    assert made.main.accuracy.low > 0.3
    ratio = made.main.ratios["e2e"]
    assert ratio is not None
    assert ratio.value == pytest.approx(2, rel=0.15)


def test_an_open_load_counts_from_the_scheduled_time(tmp_path: Path) -> None:
    with serving(thought=1, answer=2) as url:
        record = ran(tmp_path / "r", at(url, samples=2, load="open:100rps"), 20)
    assert all(one.due_s is not None and one.sent_s >= one.due_s - 0.001 for one in record.requests.values())
    by_arm = {arm: [one.due_s for one in record.requests.values() if one.arm == arm] for arm in ("off", "on")}
    assert sorted(by_arm["off"], key=float) == sorted(by_arm["on"], key=float)  # type: ignore[arg-type]  # no None


def test_a_server_that_dies_leaves_a_record_that_says_so_and_can_be_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "r"
    with serving(dies_after=60, thought=1, answer=2) as url:
        made = at(url, samples=4, warmup=2)
        record = ran(out, made, 10)
        assert "is gone" in record.ends[-1].why
        summary = told(record)
        assert "is gone" in summary.ended
        assert 0 < summary.missing < 80
        port = int(url.rpartition(":")[2].partition("/")[0])
    done = read_record(out).done
    resumed_plan = made
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys, uvicorn; from tests.bench.paced_server import Paced; "
         f"uvicorn.run(Paced(thought=1, answer=2), port={port}, log_level='critical')"],
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        for _ in range(100):
            try:
                record = ran(out, resumed_plan, 10, resume=True)
                break
            except ServerError:
                time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    assert (told(record).ended, told(record).missing) == ("complete", 0)
    assert done < record.done
    assert [end.why != "complete" for end in record.ends] == [True, False]


def test_another_runs_record_is_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "r"
    with serving(odds=half, thought=1, answer=2) as url:
        made = at(url, arms=("off",), samples=1, warmup=0)
        ran(out, made, 2, None)
        with pytest.raises(UsageError, match="exists: go on with it by --resume"):
            ran(out, made, 2, None)
        with pytest.raises(UsageError, match="the record of another run: seed differs"):
            ran(out, made.model_copy(update={"seed": 2}), 2, None, resume=True)
        with pytest.raises(UsageError, match="the record of another run: questions differs"):
            ran(out, made, 3, None, resume=True)
        with out.open("ab") as file:
            file.write(b'{"kind": "requ')  # as a kill leaves it
        again = ran(out, made, 2, None, resume=True)
    assert told(again).ended == "complete"


def test_a_full_disk_is_a_line() -> None:
    with serving(thought=1, answer=2) as url, pytest.raises(UsageError, match="/dev/full: No space left"):
        ran(Path("/dev/full"), at(url, arms=("off",), samples=1, warmup=0), 2, None)


def _restored() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell's children ignore it


def test_ctrl_c_keeps_what_was_measured_and_resume_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    command = str(Path(sys.executable).parent / "prompt-policy")
    with serving(thought=4, answer=6, gap=0.015) as url:
        asked = ["--questions", "builtin:30", "--samples", "4", "--load", "closed:8", "--warmup", "1"]
        words = [command, "bench", "--base-url", url, "--model", "m", "--arms", "off", *asked, "--out", str(out)]
        running = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_restored,  # noqa: PLW1509 - no thread of this test holds a lock
        )
        while not out.exists() or out.read_bytes().count(b'"kind":"request"') < 10:
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=60)
        assert running.returncode == 130, stderr
        assert "go on with the same command and --resume" in stderr
        assert "The run is not complete (interrupted;" in " ".join(stdout.split())
        before = read_record(out)
        assert 10 <= len(before.done) < 120
        assert before.ends[-1].why == "interrupted"

        resumed = subprocess.run([*words, "--resume"], capture_output=True, text=True, check=False, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    assert len(read_record(out).done) == 120
