"""Send a request byte by byte, for requests that no HTTP client sends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO
from urllib.parse import urlsplit


@contextmanager
def send_raw(root: str, head: str, body: bytes) -> Iterator[BinaryIO]:
    """Send a head, to which ``connection: close`` is added, and a body; yield the response to read from."""
    address = urlsplit(root)
    with closing(socket.create_connection((address.hostname, address.port), timeout=60)) as connection:
        connection.sendall(head.encode("latin-1") + b"connection: close\r\n\r\n" + body)
        with connection.makefile("rb") as response:
            yield response
