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

from prompt_policy.bench.analysis.slo import parse_slo
from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.analysis.verdict import describe_verdict
from prompt_policy.bench.load.session import BenchConfig, run_benchmark
from prompt_policy.bench.plan import BenchPlan, plan_blocks
from prompt_policy.bench.record import Record, read_record
from prompt_policy.bench.report.export import flatten_metrics
from prompt_policy.errors import ServerError, UsageError
from prompt_policy.policy.model import Policy
from tests.support.records import NO_COMPARISONS, make_plan, make_questions
from tests.support.schedule import answer_better_with_suffix, answer_half_correctly, spread_first_token
from tests.support.serving import serve_paced

pytestmark = pytest.mark.exclusive

SUFFIX_POLICY = Policy.model_validate({
    "version": 1, "name": "twice",
    "rules": [{"name": "twice", "kind": "append_suffix", "text": "Think about it twice."}],
})  # fmt: skip


def plan_for(url: str, arms: Sequence[str] = ("off", "on"), **changes: Any) -> BenchPlan:
    plan = make_plan(arms, **changes)
    return plan.model_copy(update={"arms": tuple(arm.model_copy(update={"url": url}) for arm in plan.arms)})


def run_plan(out: Path, plan: BenchPlan, count: int, policy: Policy | None = SUFFIX_POLICY, **changes: Any) -> Record:
    return run_benchmark(
        BenchConfig(plan, make_questions(count), {"on": policy} if policy else {}, None, out, **changes)
    )


def summarize_record(record: Record) -> Summary:
    return summarize(record, parse_slo(record.header.slo), NO_COMPARISONS)


def run_valid_plan(folder: Path, plan: BenchPlan, count: int) -> Summary:
    """Run a plan up to three times: a busy machine makes a run invalid, as the run itself reports."""
    for attempt in range(3):
        summary = summarize_record(run_plan(folder / str(attempt), plan, count))
        if not summary.invalid:
            break
    return summary


GAP_S, REASONING_CHUNKS, ANSWER_CHUNKS, CONCURRENCY = 0.02, 5, 5, 16


def compute_expected_metrics(plan: BenchPlan, arm: str, count: int) -> dict[str, float]:
    """Return the metrics of a server that follows the schedule exactly, with workers that take the next request."""
    first_tokens: list[float] = []
    duration = 0.0
    rest = (REASONING_CHUNKS + ANSWER_CHUNKS - 1) * GAP_S
    for block in plan_blocks(plan, make_questions(count), frozenset()):
        if block.arm.name != arm:
            continue
        workers = [0.0] * CONCURRENCY
        for item in block.items:
            first_tokens.append(spread_first_token(item.seed))
            heapq.heappush(workers, heapq.heappop(workers) + first_tokens[-1] + rest)
        duration += max(workers)
    first_tokens.sort()
    p50, p95 = (first_tokens[math.ceil(quantile * len(first_tokens)) - 1] for quantile in (0.5, 0.95))
    tokens = REASONING_CHUNKS + ANSWER_CHUNKS
    return {
        "p50_ttft": p50, "p95_ttft": p95, "p50_e2e": p50 + rest, "p95_e2e": p95 + rest,
        "p50_visible": p50 + REASONING_CHUNKS * GAP_S, "mean_itl": GAP_S, "tokens": tokens,
        "requests_per_second": len(first_tokens) / duration, "tokens_per_second": len(first_tokens) * tokens / duration,
    }  # fmt: skip


def test_latencies_and_throughput_match_the_schedule(tmp_path: Path) -> None:
    with serve_paced(
        first_token=spread_first_token, gap=GAP_S, reasoning_chunks=REASONING_CHUNKS, answer_chunks=ANSWER_CHUNKS
    ) as url:
        plan = plan_for(url, samples=5, blocks=2, load=f"closed:{CONCURRENCY}")
        summary = run_valid_plan(tmp_path, plan, 40)
    assert (summary.ended, summary.invalid) == ("complete", ())
    metrics = flatten_metrics(summary)
    for arm in ("off", "on"):
        expected = compute_expected_metrics(plan, arm, 40)
        assert {name: metrics[f"{name}_{arm}"] for name in expected} == pytest.approx(expected, rel=0.12)


def test_a_policy_that_helps_and_slows_down_is_detected(tmp_path: Path) -> None:
    with serve_paced(accuracy=answer_better_with_suffix, slowdown=2.0, reasoning_chunks=2, answer_chunks=4) as url:
        summary = run_valid_plan(tmp_path, plan_for(url, samples=5, load="closed:16"), 40)
    assert summary.main_comparison is not None
    assert summary.main_comparison.accuracy is not None
    assert summary.main_comparison.accuracy.low > 0.3
    ratio = summary.main_comparison.ratios["e2e"]
    assert ratio is not None
    assert ratio.value == pytest.approx(2, rel=0.15)


def test_an_open_loop_sends_at_the_scheduled_times(tmp_path: Path) -> None:
    with serve_paced(reasoning_chunks=1, answer_chunks=2) as url:
        record = run_plan(tmp_path / "r", plan_for(url, samples=2, load="open:100rps"), 20)
    requests = record.requests.values()
    assert all(request.due_s is not None and request.sent_s >= request.due_s - 0.001 for request in requests)
    off, on = ([request.due_s for request in requests if request.arm == arm] for arm in ("off", "on"))
    assert sorted(off, key=float) == sorted(on, key=float)  # type: ignore[arg-type]  # checked not to be None


def test_a_run_can_be_resumed_after_its_server_exits(tmp_path: Path) -> None:
    out = tmp_path / "r"
    with serve_paced(exits_after=60, reasoning_chunks=1, answer_chunks=2) as url:
        plan = plan_for(url, samples=4, warmup=2)
        record = run_plan(out, plan, 10)
        assert "is gone" in record.ends[-1].reason
        summary = summarize_record(record)
        assert "is gone" in summary.ended
        assert 0 < summary.missing < 80
        port = int(url.rpartition(":")[2].partition("/")[0])
    done = read_record(out).done
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys, uvicorn; from tests.support.paced_server import FakePacedServer; "
         f"uvicorn.run(FakePacedServer(reasoning_chunks=1, answer_chunks=2), port={port}, log_level='critical')"],
        cwd=Path(__file__).parents[4],
    )  # fmt: skip
    try:
        for _ in range(100):
            try:
                record = run_plan(out, plan, 10, resume=True)
                break
            except ServerError:
                time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    assert (summarize_record(record).ended, summarize_record(record).missing) == ("complete", 0)
    assert done < record.done
    assert [end.reason != "complete" for end in record.ends] == [True, False]


def test_the_record_of_another_run_is_not_resumed(tmp_path: Path) -> None:
    out = tmp_path / "r"
    with serve_paced(accuracy=answer_half_correctly, reasoning_chunks=1, answer_chunks=2) as url:
        plan = plan_for(url, arms=("off",), samples=1, warmup=0)
        run_plan(out, plan, 2, None)
        with pytest.raises(UsageError, match="already exists; continue it with --resume"):
            run_plan(out, plan, 2, None)
        with pytest.raises(UsageError, match=r"the record of another run \(different seed\)"):
            run_plan(out, plan.model_copy(update={"seed": 2}), 2, None, resume=True)
        with pytest.raises(UsageError, match=r"the record of another run \(different questions\)"):
            run_plan(out, plan, 3, None, resume=True)
        with out.open("ab") as file:
            file.write(b'{"kind": "requ')  # as a killed process leaves it
        resumed = run_plan(out, plan, 2, None, resume=True)
    assert summarize_record(resumed).ended == "complete"


def test_a_full_disk_is_a_usage_error() -> None:
    plan_options: dict[str, Any] = {"arms": ("off",), "samples": 1, "warmup": 0}
    with serve_paced(reasoning_chunks=1, answer_chunks=2) as url:
        plan = plan_for(url, **plan_options)
        with pytest.raises(UsageError, match="/dev/full cannot be written: No space left"):
            run_plan(Path("/dev/full"), plan, 2, None)


def restore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # children of a background shell ignore it


def test_ctrl_c_preserves_results_and_resume_continues(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    executable = str(Path(sys.executable).parent / "prompt-policy")
    with serve_paced(reasoning_chunks=4, answer_chunks=6, gap=0.015) as url:
        options = ["--questions", "builtin:30", "--samples", "4", "--load", "closed:8", "--warmup", "1"]
        command = [
            executable, "bench", "--base-url", url, "--model", "m", "--arms", "off", *options, "--out", str(out)
        ]  # fmt: skip
        running = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=restore_interrupt,  # noqa: PLW1509 - no thread of this test holds a lock
        )
        while not out.exists() or out.read_bytes().count(b'"kind":"request"') < 10:
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=60)
        assert running.returncode == 130, stderr
        assert "--resume" in stderr
        assert "The run is incomplete (interrupted;" in " ".join(stdout.split())
        interrupted = read_record(out)
        assert 10 <= len(interrupted.done) < 120
        assert interrupted.ends[-1].reason == "interrupted"

        resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    assert len(read_record(out).done) == 120


def test_two_policies_are_compared_with_each_other(tmp_path: Path) -> None:
    other = SUFFIX_POLICY.model_copy(update={"name": "other", "rules": ()})
    plan = make_plan(("off", "twice-a", "b"), samples=2, load="closed:8")
    with serve_paced(accuracy=answer_better_with_suffix, reasoning_chunks=1, answer_chunks=2) as url:
        arms = tuple(arm.model_copy(update={"url": url, "applies_policy": arm.name != "off"}) for arm in plan.arms)
        plan = plan.model_copy(update={"arms": arms})
        policies = {"twice-a": SUFFIX_POLICY, "b": other}
        record = run_benchmark(BenchConfig(plan, make_questions(20), policies, None, tmp_path / "r"))
    applied = {(request.arm, (request.policy or "").partition("@")[0]) for request in record.requests.values()}
    assert applied == {("off", ""), ("twice-a", "twice"), ("b", "other")}
    summary = summarize_record(record)
    assert [(each.first, each.second) for each in summary.comparisons] == [
        ("off", "twice-a"), ("off", "b"), ("twice-a", "b"),
    ]  # fmt: skip
    metrics = flatten_metrics(summary)
    assert metrics["accuracy_twice_a"] == pytest.approx(0.9, abs=0.2)
    verdict = describe_verdict(summary)
    assert "b answers fewer questions correctly than twice-a: -" in verdict
    assert "twice-a answers more questions correctly than off: +" in verdict
