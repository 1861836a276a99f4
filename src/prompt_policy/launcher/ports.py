"""Ports to listen on, told to be free before anything is started, and the URLs that lead to them."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Final

from prompt_policy.errors import UsageError

LOOPBACK: Final = "127.0.0.1"
_LAST: Final = 65535
_ANYWHERE: Final = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes a free one. Raise UsageError where it cannot be had."""
    if not 0 <= port <= _LAST:  # getaddrinfo would wrap 70000 round to 4464
        raise UsageError(f"port {port}: expected 0 to {_LAST}")
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        raise UsageError(_reason(error, host, port)) from None


def free_port(host: str, port: int = 0) -> int:
    """Return the port itself, or for 0 a free one. Raise UsageError where it cannot be had."""
    with bound(host, port) as listening:
        return int(listening.getsockname()[1])


def url_of(host: str, port: int) -> str:
    """Return the root that a client on this machine may use; an address for all interfaces becomes loopback."""
    reachable = _ANYWHERE.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def told(error: Exception) -> str:
    """Return what went wrong with a connection or an address, without numbers and repetitions."""
    reason = getattr(error, "reason", error)  # urllib wraps the error that happened
    if isinstance(reason, OSError) and reason.errno and not isinstance(reason, socket.gaierror | ssl.SSLError):
        return os.strerror(reason.errno)
    return getattr(reason, "strerror", None) or str(reason)


def _reason(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken: stop what listens there, or choose another with --port"
    return f"cannot listen on {host} port {port}: {told(error)}"
