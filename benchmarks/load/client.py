"""Sending requests and checking each answer against the one version of the policy that its header names."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from benchmarks.load.policies import Policies, Version
from benchmarks.load.traffic import Asked, Kind
from prompt_policy.bench import arms
from prompt_policy.bench.loadgen import Raw, open_session, sent
from prompt_policy.decision import HEADER
from tests.e2e.proxy import KEY

_HEADERS: Final = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
_ERROR: Final = 'data: {"error"'
_MOST_TOLD: Final = 50


@dataclass
class Client:
    """Asks one proxy. ``policies`` is None where it runs without the callback.

    ``wrong`` says what was lost or mixed up; ``seen`` counts the answers of each version.
    """

    url: str
    session: aiohttp.ClientSession
    policies: Policies | None
    asked: Counter[Kind] = field(default_factory=Counter)
    seen: Counter[int] = field(default_factory=Counter)
    answered: int = 0
    left: int = 0
    open: int = 0
    streams: int = 0
    most_streams: int = 0
    wrong: list[str] = field(default_factory=list)
    wrong_count: int = 0

    async def ask(self, asked: Asked) -> None:
        """Send a request and check what comes of it."""
        floor = self.policies.floor if self.policies else 0
        self.asked[asked.kind] += 1
        body = json.dumps(asked.body).encode()
        request = sent(self.session, arms.Asked(self.url + asked.path, _HEADERS, body, body))
        with self._counted(asked.kind.stream):
            raw = await _left(request, asked.number) if asked.kind.ending == "left" else await request
        if raw is None:
            self.left += 1
            return
        self.answered += 1
        if fault := self._fault(asked, raw, floor):
            self.wrong_count += 1
            if len(self.wrong) < _MOST_TOLD:
                self.wrong.append(f"{asked.marker} {asked.kind}, {asked.model}: {fault}")

    @property
    def lost(self) -> int:
        """How many requests nothing came of."""
        return self.asked.total() - self.answered - self.left - self.open

    @contextmanager
    def _counted(self, stream: bool) -> Iterator[None]:
        self.open += 1
        self.streams += stream
        self.most_streams = max(self.most_streams, self.streams)
        try:
            yield
        finally:
            self.open -= 1
            self.streams -= stream

    def _fault(self, asked: Asked, raw: Raw, floor: int) -> str | None:
        """Return what is wrong with an answer."""
        said = b"".join(raw.pieces).decode(errors="replace")
        if raw.trouble not in (None, "http") and asked.kind.ending != "cut":
            return f"{raw.trouble}: {raw.message} after {said[-200:]!r}"
        try:
            version = self._version(asked, raw, floor)
            if asked.kind.ending == "refused" and version is not None:
                return _differs((raw.status, version.refusal in said), (400, True), said)
            if asked.kind.ending == "failed":
                return _differs((raw.status, asked.marker in said), (500, True), said)
            if raw.status != 200:
                return f"HTTP {raw.status}: {said[-500:]}"
            if asked.kind.ending == "cut":
                return _broken_off(asked, said, version)
            return _differs(asked.read(said), asked.answer(version))
        except (LookupError, ValueError) as error:
            return f"{error!r} in {said[-500:]!r}"

    def _version(self, asked: Asked, raw: Raw, floor: int) -> Version | None:
        """Return the version that the header names. Raise LookupError where there must be one, or must not."""
        name = raw.headers.get(HEADER)
        if self.policies is None or not asked.is_policed:
            if name is not None:
                raise LookupError(f"policy {name} where none applies")
            return None
        if name is None:
            if asked.kind.ending == "failed":
                return None
            raise LookupError("no policy")
        version = self.policies.valid[name]
        if version.number < floor:
            raise LookupError(f"version {version.number} after every worker had {floor}")
        self.seen[version.number] += 1
        return version


def _broken_off(asked: Asked, said: str, version: Version | None) -> str | None:
    """Return what is wrong with an answer that has to break off, with LiteLLM's word for why."""
    begun, error, _ = said.partition(_ERROR)
    read, expected = asked.read(begun), asked.answer(version)
    return None if error and read and expected.startswith(read) else f"{said[-500:]!r} does not begin {expected!r}"


async def _left(request: Awaitable[Raw], number: int) -> Raw | None:
    """Leave after some time, in mid-stream or before: at another moment for each number."""
    try:
        return await asyncio.wait_for(request, 0.02 + number % 17 * 0.05)
    except TimeoutError:
        return None


def _differs(found: object, wanted: object, said: str = "") -> str | None:
    return None if found == wanted else f"{found!r} in place of {wanted!r} {said[-500:]}"


@asynccontextmanager
async def client_of(url: str, policies: Policies | None, timeout_s: float) -> AsyncIterator[Client]:
    """Open a client of a proxy."""
    async with open_session(timeout_s) as session:
        yield Client(url, session, policies)
