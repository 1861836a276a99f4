"""Run a benchmark from its plan to the end of its record, from the start or resumed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from prompt_policy.bench.dataset.question import Question
from prompt_policy.bench.load.client import open_session
from prompt_policy.bench.load.environment import describe_environment
from prompt_policy.bench.load.judging import judge_answers
from prompt_policy.bench.load.progress import ProgressDisplay
from prompt_policy.bench.load.runner import BenchRunner
from prompt_policy.bench.load.server_check import ServerProfile, inspect_servers
from prompt_policy.bench.matching.judge import Judge
from prompt_policy.bench.plan import BenchPlan
from prompt_policy.bench.record import Record, RecordEnd, RecordHeader, dump_line, read_record
from prompt_policy.errors import ServerError, UsageError
from prompt_policy.policy.model import Policy

INTERRUPTED: Final = "interrupted"
COMPLETE: Final = "complete"


@dataclass(frozen=True)
class BenchConfig:
    """What to run, and where to record it."""

    plan: BenchPlan
    questions: Sequence[Question]
    policies: Mapping[str, Policy]
    """The policy of each arm in which the benchmark itself applies one."""
    key: str | None
    out: Path
    resume: bool = False
    slo: str = ""
    judge: Judge | None = None


def run_benchmark(config: BenchConfig) -> Record:
    """Run a benchmark and return its record.

    Ctrl-C or a server that stops answering ends the run and is recorded, not raised. Raise UsageError if the record
    cannot be written or belongs to another run, ServerError if a server does not answer at the start.
    """
    previous = _load_previous(config)
    profile = asyncio.run(_inspect(config))
    header = previous.header if previous else _build_header(config, profile)
    record = previous or Record(header)
    try:
        with config.out.open("ab") as out:
            if previous is None:
                out.write(dump_line(header))
            reason = _run_all(config, record, out, profile)
            out.write(dump_line(RecordEnd(reason=reason)))
    except OSError as error:  # a full disk, for example; network errors are recorded instead
        raise UsageError(f"{config.out} cannot be written: {error.strerror}") from None
    return read_record(config.out)


def _load_previous(config: BenchConfig) -> Record | None:
    """Return the record to resume, or None for a new run."""
    if not config.out.exists() or not config.out.stat().st_size:
        return None
    if not config.resume:
        raise UsageError(f"{config.out} already exists; continue it with --resume, or name another file with --out")
    record = read_record(config.out)
    if record.header.plan != config.plan or record.header.questions != tuple(config.questions):
        differing = _list_differences(config, record)
        raise UsageError(f"{config.out} is the record of another run (different {differing}); name another file")
    _drop_partial_line(config.out)
    return record


def _list_differences(config: BenchConfig, record: Record) -> str:
    new, old = config.plan.model_dump(), record.header.plan.model_dump()
    return ", ".join(name for name in new if new[name] != old[name]) or "questions"


def _drop_partial_line(path: Path) -> None:
    """Remove the line that was being written when the process was killed."""
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        path.write_bytes(data[: data.rfind(b"\n") + 1])


async def _inspect(config: BenchConfig) -> ServerProfile:
    async with open_session(config.plan.timeout_s) as session:
        return await inspect_servers(session, config.plan, config.questions[0], config.key)


def _build_header(config: BenchConfig, profile: ServerProfile) -> RecordHeader:
    return RecordHeader(
        plan=config.plan,
        slo=config.slo,
        questions=tuple(config.questions),
        environment={**describe_environment(), "servers": profile.servers},
        seeds=profile.seeds,
        token_source=profile.token_source,
    )


def _run_all(config: BenchConfig, record: Record, out: BinaryIO, profile: ServerProfile) -> str:
    """Send the remaining requests, judge the answers, and return the reason why the run ended."""
    with ProgressDisplay(_count_remaining(config, record)) as display:
        runner = BenchRunner(
            record,
            out,
            policies=config.policies,
            key=config.key,
            stream_options=profile.stream_options,
            listener=display,
        )
        try:
            asyncio.run(runner.run())
            if config.judge is not None:
                judge_answers(read_record(config.out), config.judge, out, display)
        except KeyboardInterrupt:
            return INTERRUPTED
        except ServerError as error:
            return str(error)
    return COMPLETE


def _count_remaining(config: BenchConfig, record: Record) -> dict[str, int]:
    """Return the number of requests that remain in each arm."""
    total = len(config.questions) * config.plan.samples
    done = Counter(arm for arm, _question, _sample in record.done)
    return {arm.name: total - done[arm.name] for arm in config.plan.arms}
