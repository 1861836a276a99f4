"""A run from its plan to the end of its record, new or resumed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from prompt_policy.bench.environment import environment
from prompt_policy.bench.live import Live
from prompt_policy.bench.loadgen import open_session
from prompt_policy.bench.plan import Plan
from prompt_policy.bench.questions import Question
from prompt_policy.bench.record import End, Header, Record, line_of, read_record
from prompt_policy.bench.run import Run
from prompt_policy.bench.server import Found, examined
from prompt_policy.errors import ServerError, UsageError
from prompt_policy.policy.document import Policy

INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True)
class Wanted:
    """What is to be run."""

    plan: Plan
    questions: Sequence[Question]
    policy: Policy | None
    key: str | None
    out: Path
    resume: bool = False
    slo: str = ""


def performed(wanted: Wanted) -> Record:
    """Run what is wanted, and return its record.

    Ctrl-C and a server that goes away end the run, not the program: the record says so. Raise UsageError where the
    record's file cannot be had or is another run's, ServerError where a server does not answer at the start.
    """
    before = _before(wanted)
    found = asyncio.run(_examined(wanted))
    header = before.header if before else _header(wanted, found)
    record = before or Record(header)
    try:
        with wanted.out.open("ab") as out:
            if before is None:
                out.write(line_of(header))
            why = _run(wanted, record, out, found)
            out.write(line_of(End(why=why)))
    except OSError as error:  # a full disk; what the network does wrong is noted in the record
        raise UsageError(f"{wanted.out}: {error.strerror}") from None
    return read_record(wanted.out)


def _before(wanted: Wanted) -> Record | None:
    if not wanted.out.exists() or not wanted.out.stat().st_size:
        return None
    if not wanted.resume:
        raise UsageError(f"{wanted.out} exists: go on with it by --resume, or name another file by --out")
    record = read_record(wanted.out)
    if record.header.plan != wanted.plan or record.header.questions != tuple(wanted.questions):
        raise UsageError(f"{wanted.out} is the record of another run: {_other(wanted, record)} differs")
    _close_last_line(wanted.out)
    return record


def _other(wanted: Wanted, record: Record) -> str:
    mine, theirs = wanted.plan.model_dump(), record.header.plan.model_dump()
    return ", ".join(name for name in mine if mine[name] != theirs[name]) or "questions"


def _close_last_line(path: Path) -> None:
    """Drop what was being written when the process was killed."""
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        path.write_bytes(data[: data.rfind(b"\n") + 1])


async def _examined(wanted: Wanted) -> Found:
    async with open_session(wanted.plan.timeout_s) as session:
        return await examined(session, wanted.plan, wanted.questions[0], wanted.key)


def _header(wanted: Wanted, found: Found) -> Header:
    return Header(
        plan=wanted.plan,
        slo=wanted.slo,
        questions=tuple(wanted.questions),
        environment={**environment(), "servers": found.servers},
        seeds=found.seeds,
        token_source=found.token_source,
    )


def _run(wanted: Wanted, record: Record, out: BinaryIO, found: Found) -> str:
    plan = wanted.plan
    total = len(plan.arms) * len(wanted.questions) * plan.samples - len(record.done)
    with Live(tuple(arm.name for arm in plan.arms), total) as live:
        run = Run(
            record, out, policy=wanted.policy, key=wanted.key, stream_options=found.stream_options, watch=live.watch
        )
        try:
            asyncio.run(run.go())
        except KeyboardInterrupt:
            return INTERRUPTED
        except ServerError as error:
            return str(error)
    return "complete"
