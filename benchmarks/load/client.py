"""Sends requests to a proxy, checks the answers and counts the results.

Requests go through the load generator of ``prompt_policy.bench``; ``benchmarks.servers.client`` cannot parse answers.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from benchmarks.load.checks import WrongAnswerError, check
from benchmarks.load.policies import PolicyFolder
from benchmarks.load.traffic import LoadRequest, RequestKind
from prompt_policy.bench.load import requests as arms
from prompt_policy.bench.load.client import RawResponse, open_session, send
from tests.support.litellm_proxy import KEY

# A connection for each request: the proxy closes idle ones after 5 s, perhaps just when the next request comes.
_HEADERS: Final = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}", "Connection": "close"}
_MAX_FAILURES: Final = 50


@dataclass
class ProxyClient:
    """Sends requests to one proxy.

    Attributes:
        policies: the policies of the proxy; None if it runs without the callback.
        sent: the requests of each kind.
        versions: the answers of each version of the policy.
        answered: requests with an answer, wrong ones included.
        disconnected: requests that the client broke off on purpose.
        lost: requests without an answer.
        wrong: answers that differ from the expected ones.
        failures: descriptions of the first lost and wrong answers.
    """

    url: str
    session: aiohttp.ClientSession
    policies: PolicyFolder | None
    sent: Counter[RequestKind] = field(default_factory=Counter)
    versions: Counter[int] = field(default_factory=Counter)
    open: int = 0
    answered: int = 0
    disconnected: int = 0
    lost: int = 0
    wrong: int = 0
    failures: list[str] = field(default_factory=list)
    streams: int = 0
    max_streams: int = 0

    async def send(self, request: LoadRequest) -> None:
        """Send a request and check its answer."""
        floor = self.policies.floor if self.policies else 0
        self.sent[request.kind] += 1
        body = json.dumps(request.body).encode()
        pending = send(self.session, arms.PreparedRequest(self.url + request.path, _HEADERS, body, body))
        with self._count_open(request.kind.stream):
            if request.kind.ending == "disconnected":
                response = await _disconnect(pending, request.number)
            else:
                response = await pending
        if response is None:
            self.disconnected += 1
        elif response.failure in (None, "http") or (response.failure == "stream" and request.kind.ending == "cut"):
            self.answered += 1
            self._check(request, response, floor)
        else:
            self.lost += 1
            self._add_failure(request, f"{response.failure}: {response.message} after {len(response.pieces)} pieces")

    @property
    def succeeded(self) -> bool:
        """Whether no request was lost and no answer was wrong."""
        return self.sent.total() == self.answered + self.disconnected and not self.wrong

    def _check(self, request: LoadRequest, response: RawResponse, floor: int) -> None:
        try:
            version = check(request, response, self.policies, floor)
        except WrongAnswerError as error:
            self.wrong += 1
            self._add_failure(request, str(error))
        else:
            if version is not None:
                self.versions[version.number] += 1

    def _add_failure(self, request: LoadRequest, failure: str) -> None:
        if len(self.failures) < _MAX_FAILURES:
            self.failures.append(f"{request.marker} {request.kind}, {request.model}: {failure}")

    @contextmanager
    def _count_open(self, stream: bool) -> Iterator[None]:
        self.open += 1
        self.streams += stream
        self.max_streams = max(self.max_streams, self.streams)
        try:
            yield
        finally:
            self.open -= 1
            self.streams -= stream


async def _disconnect(pending: Awaitable[RawResponse], number: int) -> RawResponse | None:
    """Cancel a request after a time that depends on its number, before the answer or in the middle of the stream."""
    try:
        return await asyncio.wait_for(pending, 0.02 + number % 17 * 0.05)
    except TimeoutError:
        return None


@asynccontextmanager
async def open_client(url: str, policies: PolicyFolder | None, timeout_s: float) -> AsyncIterator[ProxyClient]:
    """Open a client of a proxy."""
    async with open_session(timeout_s) as session:
        yield ProxyClient(url, session, policies)
