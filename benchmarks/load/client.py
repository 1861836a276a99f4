"""Sending requests, and counting what came of them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from benchmarks.load.checks import WrongError, check
from benchmarks.load.policies import Policies
from benchmarks.load.traffic import Asked, Kind
from prompt_policy.bench import arms
from prompt_policy.bench.loadgen import Raw, open_session, sent
from tests.e2e.proxy import KEY

# A connection for each request: the proxy closes idle ones after 5 s, perhaps just when the next request comes.
_HEADERS: Final = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}", "Connection": "close"}
_MOST_TOLD: Final = 50


@dataclass
class Client:
    """Asks one proxy. ``policies`` is None where it runs without the callback.

    Each request ends as one of ``answered``, ``left``, by the client, and ``lost``; ``wrong`` of the answered ones are
    not what they have to be, and ``faults`` tells of the first of both. ``seen`` counts the answers of each version.
    """

    url: str
    session: aiohttp.ClientSession
    policies: Policies | None
    asked: Counter[Kind] = field(default_factory=Counter)
    seen: Counter[int] = field(default_factory=Counter)
    open: int = 0
    answered: int = 0
    left: int = 0
    lost: int = 0
    wrong: int = 0
    faults: list[str] = field(default_factory=list)
    streams: int = 0
    most_streams: int = 0

    async def ask(self, asked: Asked) -> None:
        """Send a request and check what comes of it."""
        floor = self.policies.floor if self.policies else 0
        self.asked[asked.kind] += 1
        body = json.dumps(asked.body).encode()
        request = sent(self.session, arms.Asked(self.url + asked.path, _HEADERS, body, body))
        with self._open(asked.kind.stream):
            raw = await _left(request, asked.number) if asked.kind.ending == "left" else await request
        if raw is None:
            self.left += 1
        elif raw.trouble in (None, "http") or (raw.trouble == "stream" and asked.kind.ending == "cut"):
            self.answered += 1
            self._check(asked, raw, floor)
        else:
            self.lost += 1
            self._tell(asked, f"{raw.trouble}: {raw.message} after {len(raw.pieces)} pieces")

    @property
    def is_content(self) -> bool:
        """Whether every request came to an end, and none to a bad one."""
        return self.asked.total() == self.answered + self.left and not self.wrong

    def _check(self, asked: Asked, raw: Raw, floor: int) -> None:
        try:
            version = check(asked, raw, self.policies, floor)
        except WrongError as error:
            self.wrong += 1
            self._tell(asked, str(error))
        else:
            if version is not None:
                self.seen[version.number] += 1

    def _tell(self, asked: Asked, fault: str) -> None:
        if len(self.faults) < _MOST_TOLD:
            self.faults.append(f"{asked.marker} {asked.kind}, {asked.model}: {fault}")

    @contextmanager
    def _open(self, stream: bool) -> Iterator[None]:
        self.open += 1
        self.streams += stream
        self.most_streams = max(self.most_streams, self.streams)
        try:
            yield
        finally:
            self.open -= 1
            self.streams -= stream


async def _left(request: Awaitable[Raw], number: int) -> Raw | None:
    """Leave after some time, in mid-stream or before: at another moment for each number."""
    try:
        return await asyncio.wait_for(request, 0.02 + number % 17 * 0.05)
    except TimeoutError:
        return None


@asynccontextmanager
async def client_of(url: str, policies: Policies | None, timeout_s: float) -> AsyncIterator[Client]:
    """Open a client of a proxy."""
    async with open_session(timeout_s) as session:
        yield Client(url, session, policies)
