"""A GET or a POST over HTTP, with the standard library alone: what waits for a server needs no more."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def fetched(url: str, key: str | None = None, *, timeout_s: float, direct: bool = False) -> bytes:
    """Return what a GET answers. With ``direct``, and on loopback, no proxy of the environment comes between.

    Raise OSError (``urllib.error.HTTPError`` for an answer that is no success) or ``http.client.HTTPException``.
    """
    with _opener(url, direct=direct).open(
        urllib.request.Request(url, headers=_key(key)), timeout=timeout_s
    ) as response:
        return bytes(response.read())


def posted(url: str, body: bytes, key: str | None = None, *, timeout_s: float) -> tuple[int, bytes]:
    """Return the status and the body that a POST of JSON is answered with. Raise as ``fetched``, but for no status."""
    headers = {"Content-Type": "application/json", **_key(key)}
    try:
        with _opener(url).open(urllib.request.Request(url, body, headers), timeout=timeout_s) as response:
            return int(response.status), bytes(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _opener(url: str, *, direct: bool = False) -> urllib.request.OpenerDirector:
    no_proxy = direct or urlsplit(url).hostname in _LOOPBACK
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if no_proxy else []))


def _key(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}
