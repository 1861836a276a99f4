"""A fake of an OpenAI-compatible server that misbehaves on request, by the name of the model that it is asked for.

A fake, because no real engine resets connections, lies about lengths or sends half a JSON on demand. It speaks HTTP/1.1
from a bare socket, since a server made for answering well cannot be told to answer badly.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """One request, and the socket that it is answered on."""

    body: dict[str, Any]
    earlier: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self, headers: Mapping[str, str], status: int = 200) -> None:
        """Send the status and headers, but empty ones; the body ends with the connection unless they say otherwise."""
        lines = [f"HTTP/1.1 {status} Told", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def send(self, data: bytes) -> None:
        """Send bytes. Raise ConnectionError where nobody listens any more."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Cut the connection as a server that dies does: the other side reads a reset, not an end."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def stall(self) -> None:
        """Do nothing more until the other side closes the connection."""
        while await self.reader.read(1024):
            pass


Behaviour = Callable[[Call], Awaitable[None]]


@dataclass
class FakeBackend:
    """``behaviours`` says, by model name, what is done with a request; ``bodies`` are what came.

    ``answering`` counts the requests that are being answered, ``open`` the connections.
    """

    behaviours: Mapping[str, Behaviour]
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answering: int = 0
    open: int = 0
    port: int = 0
    closed_port: int = 0

    @property
    def url(self) -> str:
        """The root of its API."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def refusing_url(self) -> str:
        """The root of an API that refuses connections."""
        return f"http://127.0.0.1:{self.closed_port}/v1"

    def asked(self, model: str) -> list[dict[str, Any]]:
        """Return what came for a model."""
        return [body for body in list(self.bodies) if body["model"] == model]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        self.open += 1
        try:
            if (body := await _body(reader)) is not None:
                await self._answer(Call(body, len(self.asked(body["model"])), reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side went away, as it may
        finally:
            writer.close()
            self.open -= 1

    async def _answer(self, call: Call) -> None:
        self.bodies.append(call.body)
        self.answering += 1
        try:
            await self.behaviours[call.body["model"]](call)
        finally:
            self.answering -= 1


async def _body(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """Return the body of a POST; None for anything else, such as LiteLLM's asking which models there are."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    except asyncio.IncompleteReadError:
        return None
    if not head.startswith("post "):
        return None
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    found: dict[str, Any] = json.loads(await reader.readexactly(int(fields["content-length"])))
    return found


@contextmanager
def running(backend: FakeBackend) -> Iterator[FakeBackend]:
    """Serve a backend on loopback, from a thread of this process."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(backend.serve, "127.0.0.1", 0))
    backend.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with socket.socket() as kept:  # bound, so that nobody else gets the port, and never listening
            kept.bind(("127.0.0.1", 0))
            backend.closed_port = kept.getsockname()[1]
            yield backend
    finally:
        asyncio.run_coroutine_threadsafe(_stopped(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stopped(server: asyncio.Server) -> None:
    server.close()
    own = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not own]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
