"""A fake OpenAI-compatible server that breaks connections and answers, in a way that depends on the requested model.

A fake, because no real engine resets connections, sends a wrong length or half a JSON text on demand. It speaks
HTTP/1.1 on a bare socket, because an ASGI server, such as the one under ``fake_backend``, prevents each of these.
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
    """One request, and the connection for its response. ``earlier`` counts the previous requests for its model."""

    body: dict[str, Any]
    earlier: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self, headers: Mapping[str, str], status: int = 200) -> None:
        """Send the status and the headers that are not empty; without a length, the connection's end ends the body."""
        lines = [f"HTTP/1.1 {status} Scripted", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def send(self, data: bytes) -> None:
        """Send bytes. Raise ConnectionError if the client is gone."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Reset the connection, as the kernel does for a server that is killed."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def stall(self) -> None:
        """Do nothing until the client closes the connection."""
        while await self.reader.read(1024):
            pass


Behaviour = Callable[[Call], Awaitable[None]]


@dataclass
class BrokenBackend:
    """Handle each request by its model's entry in ``behaviours``, and record its body.

    ``answering`` counts the requests in progress, ``open`` the open connections.
    """

    behaviours: Mapping[str, Behaviour]
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answering: int = 0
    open: int = 0
    port: int = 0
    closed_port: int = 0

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def refusing_url(self) -> str:
        """The base URL of an API that refuses connections."""
        return f"http://127.0.0.1:{self.closed_port}/v1"

    def bodies_for(self, model: str) -> list[dict[str, Any]]:
        """Return the bodies of the requests for a model."""
        return [body for body in list(self.bodies) if body["model"] == model]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        self.open += 1
        try:
            if (body := await _read_body(reader)) is not None:
                await self._answer(Call(body, len(self.bodies_for(body["model"])), reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a client may disconnect at any time
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


async def _read_body(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """Return the body of a POST; None for other requests, such as LiteLLM's query for the list of models."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    except asyncio.IncompleteReadError:
        return None
    if not head.startswith("post "):
        return None
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body: dict[str, Any] = json.loads(await reader.readexactly(int(fields["content-length"])))
    return body


@contextmanager
def run_broken_backend(backend: BrokenBackend) -> Iterator[BrokenBackend]:
    """Serve a backend over loopback, from a thread of this process, until the block ends."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(backend.serve, "127.0.0.1", 0))
    backend.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with socket.socket() as reserved:  # bound, so that no other process gets the port, but not listening
            reserved.bind(("127.0.0.1", 0))
            backend.closed_port = reserved.getsockname()[1]
            yield backend
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    own = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not own]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
