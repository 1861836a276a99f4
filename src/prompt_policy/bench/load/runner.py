"""Run the blocks of a plan in order, and write each response to the record as soon as it is parsed."""

from __future__ import annotations

import asyncio
import pickle
import signal
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import BinaryIO, Final, Protocol

import aiohttp

from prompt_policy.bench.load.client import RawResponse, monitor_loop, open_session, send
from prompt_policy.bench.load.pacing import run_closed_loop, run_open_loop
from prompt_policy.bench.load.progress import MEASURING, WARMING_UP
from prompt_policy.bench.load.reader import RequestDone, RequestMeta, load_resolver, parse_response
from prompt_policy.bench.load.requests import PreparedRequest, RequestBuilder
from prompt_policy.bench.load.server_check import is_alive
from prompt_policy.bench.plan import Arm, Block, PlannedRequest, plan_blocks
from prompt_policy.bench.record import BlockEnd, Record, dump_line
from prompt_policy.errors import ServerError
from prompt_policy.policy.model import Policy
from prompt_policy.wire.values import JsonObject

_MAX_CONSECUTIVE_FAILURES: Final = 3
_OPEN_LOOP_WARMUP_CONCURRENCY: Final = 8


class RunListener(Protocol):
    """Is notified of the phases of a run and of its requests."""

    def start_phase(self, phase: str, total: int, unit: str = "requests") -> None:
        """Begin a phase with so many requests."""

    def advance(self, count: int = 1) -> None:
        """Count completed requests that are not measured."""

    def update(self, result: RequestDone) -> None:
        """Count a measured request."""


class BenchRunner:
    """Runs the part of a plan that the record does not contain yet.

    Arguments:
        record: its header holds the plan; its completed requests are not sent again.
        out: the file of the record, opened for appending.
        policies: the policy of each arm with ``applies_policy``.
        key: the server's API key.
        stream_options: the ``stream_options`` of every request.
        listener: is notified of every completed request.
    """

    def __init__(  # noqa: PLR0913 - each argument is of a different kind
        self,
        record: Record,
        out: BinaryIO,
        *,
        policies: Mapping[str, Policy],
        key: str | None,
        stream_options: Mapping[str, bool],
        listener: RunListener,
    ) -> None:
        self._record, self._out, self._key, self._listener = record, out, key, listener
        self._plan = record.header.plan
        self._policies = {arm: pickle.dumps(policy) for arm, policy in policies.items()}
        resolvers = {arm: load_resolver(policy) for arm, policy in self._policies.items()}
        self._builder = RequestBuilder(self._plan, resolvers, key, stream_options)
        self._is_closed_loop = self._plan.load.kind == "closed"
        self._concurrency = int(self._plan.load.value) if self._is_closed_loop else _OPEN_LOOP_WARMUP_CONCURRENCY
        self._consecutive_failures = 0

    async def run(self) -> None:
        """Send the remaining requests. Raise ServerError if a server stops answering."""
        blocks = list(plan_blocks(self._plan, self._record.header.questions, self._record.done))
        if not blocks:
            return
        # Ctrl-C is for the sending process; the parsing process must finish the responses it was given.
        ignore_interrupt = (signal.SIGINT, signal.SIG_IGN)
        self._parser_pool = ProcessPoolExecutor(1, get_context("spawn"), signal.signal, ignore_interrupt)
        try:
            async with open_session(self._plan.timeout_s) as session:
                await self._warm_up(session)
                self._listener.start_phase(MEASURING, sum(len(block.items) for block in blocks))
                for block in blocks:
                    await self._run_block(session, block)
        finally:
            self._parser_pool.shutdown()

    async def _warm_up(self, session: aiohttp.ClientSession) -> None:
        """Send the unmeasured requests: some complete ones per arm, and with a warm cache every prompt once."""
        items = [PlannedRequest(question, -1, number) for number, question in enumerate(self._record.header.questions)]
        fills_cache = self._plan.cache == "warm"
        total = len(self._plan.arms) * (self._plan.warmup + (len(items) if fills_cache else 0))
        self._listener.start_phase(WARMING_UP, total)
        for arm in self._plan.arms:
            if fills_cache:
                await self._send_unmeasured(session, arm, items, max_tokens=1)
            await self._send_unmeasured(session, arm, (items * self._plan.warmup)[: self._plan.warmup])

    async def _send_unmeasured(
        self, session: aiohttp.ClientSession, arm: Arm, items: Iterable[PlannedRequest], **overrides: int
    ) -> None:
        async def send_one(_item: PlannedRequest, request: PreparedRequest) -> None:
            await self._check_alive(session, arm, await send(session, request))
            self._listener.advance()

        workload = [
            (item, self._builder.build(arm, item, salt=f"warm {number}", **overrides))
            for number, item in enumerate(items)
        ]
        await run_closed_loop(workload, send_one, self._concurrency)

    async def _run_block(self, session: aiohttp.ClientSession, block: Block) -> None:
        workload = [(item, self._builder.build(block.arm, item)) for item in block.items]
        writes: list[asyncio.Task[None]] = []
        started = time.perf_counter()

        async def send_one(item: PlannedRequest, request: PreparedRequest) -> None:
            raw = await send(session, request)
            meta = self._build_meta(block, item, request, started)
            writes.append(asyncio.create_task(self._record_response(raw, meta)))
            await self._check_alive(session, block.arm, raw)

        async with monitor_loop() as stats:
            try:
                if self._is_closed_loop:
                    await run_closed_loop(workload, send_one, self._concurrency)
                else:
                    await run_open_loop(workload, send_one, started)
            finally:
                seconds, (cpu, lag_p99, lag_max) = time.perf_counter() - started, stats()
                await asyncio.gather(*writes)
                client = {"seconds": seconds, "cpu": cpu, "lag_p99_ms": lag_p99, "lag_max_ms": lag_max}
                self._append(dump_line(BlockEnd(block=block.number, arm=block.arm.name, **client)))

    def _build_meta(
        self, block: Block, item: PlannedRequest, request: PreparedRequest, block_started_s: float
    ) -> RequestMeta:
        fields: JsonObject = {
            "arm": block.arm.name, "question": item.question.id, "sample": item.sample,
            "block": block.number, "seed": item.seed, "due_s": item.due_s,
        }  # fmt: skip
        policy = self._policies.get(block.arm.name) if block.arm.applies_policy else None
        return RequestMeta(fields, request.original_body, policy, block_started_s, self._plan.reasoning_parser)

    async def _record_response(self, raw: RawResponse, meta: RequestMeta) -> None:
        loop = asyncio.get_running_loop()
        line, done = await loop.run_in_executor(self._parser_pool, parse_response, raw, meta)
        self._append(line)
        self._listener.update(done)

    def _append(self, line: bytes) -> None:
        self._out.write(line)
        self._out.flush()

    async def _check_alive(self, session: aiohttp.ClientSession, arm: Arm, raw: RawResponse) -> None:
        """Raise ServerError if several requests in a row failed and the server does not answer at all."""
        is_failure = raw.failure in ("connection", "stream")
        self._consecutive_failures = self._consecutive_failures + 1 if is_failure else 0
        if self._consecutive_failures >= _MAX_CONSECUTIVE_FAILURES and not await is_alive(session, arm, self._key):
            raise ServerError(f"the server of arm {arm.name} is gone: {arm.url} does not answer ({raw.message})")
