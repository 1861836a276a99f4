"""A load client with little overhead: it sends the same bytes repeatedly and only looks for the end of each answer.

The load generator of ``prompt_policy.bench`` parses, which costs more than the servers measured here.
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
_TIMEOUT_S: Final = 120


@dataclass
class LoadResult:
    """The times of some requests in seconds: until the end of each answer, and until the first byte of its body."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    first_byte_latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


def encode_request(url: str, body: dict[str, Any], **headers: str) -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    parts, data = urlsplit(url), json.dumps(body).encode()
    length = {"content-length": str(len(data))}
    all_headers = {"host": parts.netloc, "content-type": "application/json", **length, **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in all_headers.items())
    return f"POST {parts.path} HTTP/1.1\r\n{lines}\r\n".encode() + data


async def run_load(url: str, data: bytes, *, connections: int, requests: int) -> LoadResult:
    """Send a request repeatedly over several connections. Raise RuntimeError if an answer is not a success."""
    parts, loop, result = urlsplit(url), asyncio.get_running_loop(), LoadResult()
    remaining, opened = iter(range(requests)), list[_Connection]()
    for _ in range(min(connections, requests)):
        _transport, connection = await loop.create_connection(
            lambda: _Connection(data, remaining, result), parts.hostname or "", parts.port or 80
        )
        opened.append(connection)
    begun = time.perf_counter()
    for connection in opened:
        connection.send_next()
    await asyncio.wait_for(asyncio.gather(*(connection.done for connection in opened)), _TIMEOUT_S)
    result.seconds = time.perf_counter() - begun
    return result


class _Connection(asyncio.Protocol):
    """A persistent connection that sends one request at a time."""

    def __init__(self, data: bytes, remaining: Any, result: LoadResult) -> None:
        self._data = data
        self._left = remaining
        self._result = result
        self._transport: Any = None
        self._begun = 0.0
        self._received = bytearray()
        self._is_done: Callable[[bytearray], bool] | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Store the transport."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Fail if an answer is incomplete."""
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"the connection was lost: {error}"))

    def send_next(self) -> None:
        """Send the next request, or close the connection if all have been sent."""
        if next(self._left, None) is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._received.clear()
        self._is_done = None
        self._begun = time.perf_counter()
        self._transport.write(self._data)

    def data_received(self, data: bytes) -> None:
        """Detect the end of the answer."""
        self._received += data
        if self._is_done is None:
            self._is_done = self._find_end()
            if self._is_done is None:
                return
            self._result.first_byte_latencies.append(time.perf_counter() - self._begun)
        if self._is_done(self._received):
            self._result.latencies.append(time.perf_counter() - self._begun)
            self.send_next()

    def _find_end(self) -> Callable[[bytearray], bool] | None:
        """Return a check whether the answer is complete; None until the first byte of its body has arrived."""
        head = self._received.find(b"\r\n\r\n")
        if head < 0 or len(self._received) == head + 4:
            return None
        if not self._received.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(f"not a successful answer: {bytes(self._received[:2000])!r}"))
            self._transport.close()
            return None
        if found := _LENGTH.search(self._received, 0, head + 2):
            whole = head + 4 + int(found[1])
            return lambda received: len(received) >= whole
        return lambda received: received.endswith(_LAST_CHUNK)
