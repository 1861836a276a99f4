"""Ports to listen on: bind one, find a free one, and find the process that uses one."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.net import describe_error

_MAX_PORT: Final = 65535


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raise UsageError if the address cannot be bound."""
    if not 0 <= port <= _MAX_PORT:  # getaddrinfo would take port 70000 modulo 65536
        raise UsageError(f"port {port}: expected 0 to {_MAX_PORT}")
    try:
        addresses = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = addresses[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        raise UsageError(_format_bind_error(error, host, port)) from None


def find_free_port(host: str, port: int = 0) -> int:
    """Return ``port`` if it is free, or any free port for 0. Raise UsageError if it cannot be bound."""
    with bind(host, port) as listener:
        return int(listener.getsockname()[1])


def find_listener(port: int) -> str | None:
    """Return name and id of the process that listens on a TCP port.

    Return None if psutil is not installed, or if the process belongs to another user.
    """
    try:
        import psutil
    except ImportError:
        return None
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # the process has ended, or belongs to another user
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                    return f"{process.name()}, pid {process.pid}"
    return None


def _format_bind_error(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop the process that listens there, or choose another with --port"
    return f"cannot listen on {host} port {port}: {describe_error(error)}"
