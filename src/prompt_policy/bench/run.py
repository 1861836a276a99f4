"""A run: blocks one after the other, each answer written to the record as soon as it was read."""

from __future__ import annotations

import asyncio
import pickle
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import BinaryIO, Final

import aiohttp

from prompt_policy.bench.arms import Asked, Asking
from prompt_policy.bench.loadgen import Raw, open_session, sent, watching
from prompt_policy.bench.pacing import closed, opened
from prompt_policy.bench.plan import Arm, Block, Item, blocks_of
from prompt_policy.bench.reader import Event, Known, policing_of, read
from prompt_policy.bench.record import BlockEnd, Record, line_of
from prompt_policy.bench.server import is_alive
from prompt_policy.errors import ServerError
from prompt_policy.policy.document import Policy
from prompt_policy.wire.values import JsonObject

_GONE_AFTER: Final = 3
_OPEN_WARMUP_WIDTH: Final = 8


class Run:
    """A run of what a record does not hold yet.

    Arguments:
        record: its header says what to run, and its requests are not sent again.
        out: the record's file, to append to.
        policy: the policy of the arms that are policed here.
        key: the server's key.
        stream_options: what is asked of the streams beside their text.
        watch: is told every request that ended.
    """

    def __init__(  # noqa: PLR0913 - each is of another kind
        self,
        record: Record,
        out: BinaryIO,
        *,
        policy: Policy | None,
        key: str | None,
        stream_options: Mapping[str, bool],
        watch: Callable[[Event], None],
    ) -> None:
        self._record, self._out, self._key, self._watch = record, out, key, watch
        self._plan = record.header.plan
        self._policy = pickle.dumps(policy)
        self._asking = Asking(self._plan, policing_of(self._policy), key, stream_options)
        self._is_closed = self._plan.load.kind == "closed"
        self._width = int(self._plan.load.value) if self._is_closed else _OPEN_WARMUP_WIDTH
        self._refused = 0

    async def go(self) -> None:
        """Send what is left. Raise ServerError where the server is gone."""
        # Ctrl-C is for the process that sends; the one that reads must finish what it was given.
        ignoring = (signal.SIGINT, signal.SIG_IGN)
        self._reading = ProcessPoolExecutor(1, get_context("spawn"), signal.signal, ignoring)
        blocks = blocks_of(self._plan, self._record.header.questions, self._record.done)
        try:
            async with open_session(self._plan.timeout_s) as session:
                await self._warm(session)
                for block in blocks:
                    await self._block(session, block)
        finally:
            self._reading.shutdown()

    async def _warm(self, session: aiohttp.ClientSession) -> None:
        """Send what is not measured: a few whole requests per arm, and every prompt once where the cache is warm."""
        items = [Item(question, -1, number) for number, question in enumerate(self._record.header.questions)]
        for arm in self._plan.arms:
            if self._plan.cache == "warm":
                await self._unmeasured(session, arm, items, max_tokens=1)
            await self._unmeasured(session, arm, (items * self._plan.warmup)[: self._plan.warmup])

    async def _unmeasured(
        self, session: aiohttp.ClientSession, arm: Arm, items: Iterable[Item], **changed: int
    ) -> None:
        async def one(item: Item, asked: Asked) -> None:
            await self._alive(session, arm, await sent(session, asked))

        asked = (self._asking.asked(arm, item, salt=f"warm {number}", **changed) for number, item in enumerate(items))
        await closed(list(zip(items, asked, strict=True)), one, self._width)

    async def _block(self, session: aiohttp.ClientSession, block: Block) -> None:
        work = [(item, self._asking.asked(block.arm, item)) for item in block.items]
        writing: list[asyncio.Task[None]] = []
        begun = time.perf_counter()

        async def one(item: Item, asked: Asked) -> None:
            raw = await sent(session, asked)
            writing.append(asyncio.create_task(self._write(raw, self._known(block, item, asked, begun))))
            await self._alive(session, block.arm, raw)

        async with watching() as figures:
            try:
                await (closed(work, one, self._width) if self._is_closed else opened(work, one, begun))
            finally:
                seconds, (cpu, lag_p99, lag_max) = time.perf_counter() - begun, figures()
                await asyncio.gather(*writing)
                told = {"seconds": seconds, "cpu": cpu, "lag_p99_ms": lag_p99, "lag_max_ms": lag_max}
                self._append(line_of(BlockEnd(block=block.number, arm=block.arm.name, **told)))

    def _known(self, block: Block, item: Item, asked: Asked, begun: float) -> Known:
        fields: JsonObject = {
            "arm": block.arm.name, "question": item.question.id, "sample": item.sample,
            "block": block.number, "seed": item.seed, "due_s": item.due_s,
        }  # fmt: skip
        came = asked.came if block.arm.policed else None
        return Known(fields, came, self._policy, begun, self._plan.reasoning_parser)

    async def _write(self, raw: Raw, known: Known) -> None:
        line, event = await asyncio.get_running_loop().run_in_executor(self._reading, read, raw, known)
        self._append(line)
        self._watch(event)

    def _append(self, line: bytes) -> None:
        self._out.write(line)
        self._out.flush()

    async def _alive(self, session: aiohttp.ClientSession, arm: Arm, raw: Raw) -> None:
        """Raise ServerError where one request after the other fails and the server does not answer at all."""
        self._refused = self._refused + 1 if raw.trouble in ("connection", "stream") else 0
        if self._refused >= _GONE_AFTER and not await is_alive(session, arm, self._key):
            raise ServerError(f"the server of arm {arm.name} is gone: {arm.url} does not answer ({raw.message})")
