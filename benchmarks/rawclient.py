"""A client for load that costs next to nothing: it sends the same bytes again and again and looks for an answer's end.

Clients that parse cost more than the servers measured here, so that their own speed would be measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_PATIENCE_S: Final = 120


@dataclass
class Load:
    """What came of some requests: seconds from each request to its end, and to the first byte of its body."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


def request(url: str, body: dict[str, Any], **headers: str) -> bytes:
    """Return the bytes of a POST of some JSON."""
    parts, data = urlsplit(url), json.dumps(body).encode()
    told = {"host": parts.netloc, "content-type": "application/json", "content-length": str(len(data)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    return f"POST {parts.path} HTTP/1.1\r\n{lines}\r\n".encode() + data


async def load(url: str, data: bytes, *, connections: int, requests: int) -> Load:
    """Send a request so many times over some connections; raise RuntimeError where an answer is not a good one."""
    parts, loop, result = urlsplit(url), asyncio.get_running_loop(), Load()
    left, made = iter(range(requests)), list[_Connection]()
    for _ in range(min(connections, requests)):
        _transport, connection = await loop.create_connection(
            lambda: _Connection(data, left, result), parts.hostname or "", parts.port or 80
        )
        made.append(connection)
    begun = time.perf_counter()
    for each in made:
        each.go_on()
    await asyncio.wait_for(asyncio.gather(*(each.ended for each in made)), _PATIENCE_S)
    result.seconds = time.perf_counter() - begun
    return result


class _Connection(asyncio.Protocol):
    """One connection that is kept alive, one request at a time."""

    def __init__(self, data: bytes, left: Any, result: Load) -> None:
        self._data = data
        self._left = left
        self._result = result
        self._transport: Any = None
        self._begun = 0.0
        self._received = bytearray()
        self._is_done: Callable[[bytearray], bool] | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Fail where an answer was still to come."""
        if not self.ended.done():
            self.ended.set_exception(RuntimeError(f"the connection was lost: {error}"))

    def go_on(self) -> None:
        """Send the next request, if there is one left."""
        if next(self._left, None) is None:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._received.clear()
        self._is_done = None
        self._begun = time.perf_counter()
        self._transport.write(self._data)

    def data_received(self, data: bytes) -> None:
        """Look for the answer's end."""
        self._received += data
        if self._is_done is None:
            self._is_done = self._end_of_answer()
            if self._is_done is None:
                return
            self._result.firsts.append(time.perf_counter() - self._begun)
        if self._is_done(self._received):
            self._result.latencies.append(time.perf_counter() - self._begun)
            self.go_on()

    def _end_of_answer(self) -> Callable[[bytearray], bool] | None:
        """Return what tells that the answer is complete, once the first of its body is there."""
        head = self._received.find(b"\r\n\r\n")
        if head < 0 or len(self._received) == head + 4:
            return None
        if not self._received.startswith(b"HTTP/1.1 200"):
            self.ended.set_exception(RuntimeError(f"not a good answer: {bytes(self._received[:2000])!r}"))
            self._transport.close()
            return None
        if found := _LENGTH.search(self._received, 0, head + 2):
            whole = head + 4 + int(found[1])
            return lambda received: len(received) >= whole
        return lambda received: received.endswith(_LAST_CHUNK)
