"""HTTP requests and URLs with the standard library only, for the tools that talk to a server."""

from __future__ import annotations

import os
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from prompt_policy.errors import UsageError
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.values import JsonObject

LOOPBACK: Final = "127.0.0.1"
LOOPBACK_HOSTS: Final = frozenset({"localhost", LOOPBACK, "::1"})
_MAX_REPLY_BYTES: Final = 1_000_000
_PIECE_BYTES: Final = 65_536
_WILDCARD_HOSTS: Final = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}


def get(url: str, key: str | None = None, *, timeout_s: float, direct: bool = False) -> bytes:
    """Send a GET request and return the body of the response.

    Arguments:
        url: the address to request.
        key: the bearer token, if the server needs one.
        timeout_s: seconds until a blocked socket operation fails.
        direct: ignore the proxy settings of the environment. They are always ignored for loopback addresses.

    Raise OSError (``urllib.error.HTTPError`` for an error status) or ``http.client.HTTPException``.
    """
    request = urllib.request.Request(url, headers=_authorization(key))
    with _opener(url, direct=direct).open(request, timeout=timeout_s) as response:
        return bytes(response.read())


def post_json(url: str, body: bytes, key: str | None = None, *, timeout_s: float) -> tuple[int, bytes]:
    """Send a JSON body by POST and return the status and the body of the response.

    Raise OSError or ``http.client.HTTPException`` if no response arrives; an error status is returned, not raised.
    """
    headers = {"Content-Type": "application/json", **_authorization(key)}
    try:
        with _opener(url).open(urllib.request.Request(url, body, headers), timeout=timeout_s) as response:
            return int(response.status), bytes(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def post_first_line(url: str, body: bytes, key: str | None = None, *, timeout_s: float) -> tuple[int, bytes]:
    """Send a JSON body by POST and return the status and the first line of the response with content.

    Comments of a stream are skipped, and the rest of it is not read. Raise OSError or ``http.client.HTTPException`` if
    no response arrives; an error status is returned with the whole body.
    """
    headers = {"Content-Type": "application/json", **_authorization(key)}
    try:
        with _opener(url).open(urllib.request.Request(url, body, headers), timeout=timeout_s) as response:
            lines = iter(response.readline, b"")
            return int(response.status), next((line for line in lines if line.strip() and line[:1] != b":"), b"")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class HttpReply(NamedTuple):
    """A response. The names in ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def parse_object(self) -> JsonObject:
        """Return the JSON object in the body; an empty one if it holds none."""
        try:
            value = load_json(self.body)
        except RecursionError:
            return {}
        return value if isinstance(value, dict) else {}


def send_request(
    url: str, body: bytes | None, headers: Mapping[str, str], key: str | None = None, *, timeout_s: float
) -> HttpReply:
    """Send a GET, or a JSON body by POST, and return the response, whatever its status.

    Redirects are not followed, because they would send the key to another server.

    Arguments:
        url: the address to request.
        body: the body of a POST; None: a GET.
        headers: headers to add.
        key: the bearer token, if the server needs one.
        timeout_s: seconds until the whole response, even a stream, must have arrived.

    Raise OSError (TimeoutError after ``timeout_s``) or ``http.client.HTTPException`` if no response arrives.
    """
    deadline = time.monotonic() + timeout_s
    media_type = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, {**media_type, **headers, **_authorization(key)})
    try:
        response = _opener(url, _UnfollowedRedirects()).open(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        names = {name.lower(): value for name, value in response.headers.items()}
        return HttpReply(response.status, names, _read_until(response, deadline))


def _read_until(response: HTTPResponse | urllib.error.HTTPError, deadline: float) -> bytes:
    """Return the body. Raise TimeoutError after the deadline: a stream of keep-alive comments never blocks for long."""
    body = bytearray()
    while len(body) <= _MAX_REPLY_BYTES and (piece := response.read1(_PIECE_BYTES)):
        body += piece
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
    return bytes(body)


class _UnfollowedRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def build_url(host: str, port: int) -> str:
    """Return the URL at which a client on this machine reaches a server; a wildcard address becomes loopback."""
    reachable = _WILDCARD_HOSTS.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def check_http_url(url: str, option: str = "") -> None:
    """Raise UsageError unless ``url`` is an absolute http or https URL. ``option`` is the flag that the error names."""
    subject = f"{option} {url}".lstrip()
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError if it is not a port
    except ValueError as error:
        raise UsageError(f"{subject}: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{subject}: expected a URL such as http://127.0.0.1:8000")


def describe_error(error: Exception) -> str:
    """Return the reason of a network error in words, without error numbers and nested messages."""
    reason = getattr(error, "reason", error)  # urllib wraps the original error
    if isinstance(reason, OSError) and reason.errno and not isinstance(reason, socket.gaierror | ssl.SSLError):
        return os.strerror(reason.errno)
    return getattr(reason, "strerror", None) or str(reason)


def _opener(url: str, *handlers: urllib.request.BaseHandler, direct: bool = False) -> urllib.request.OpenerDirector:
    ignore_proxies = direct or urlsplit(url).hostname in LOOPBACK_HOSTS
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if ignore_proxies else []), *handlers)


def _authorization(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}
