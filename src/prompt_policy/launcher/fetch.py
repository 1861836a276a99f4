"""A GET over HTTP, with the standard library alone: what waits for a server needs no more."""

from __future__ import annotations

import urllib.request
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def fetched(url: str, key: str | None = None, *, timeout_s: float, direct: bool = False) -> bytes:
    """Return what a GET answers. With ``direct``, and on loopback, no proxy of the environment comes between.

    Raise OSError (``urllib.error.HTTPError`` for an answer that is no success) or ``http.client.HTTPException``.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    no_proxy = direct or urlsplit(url).hostname in _LOOPBACK
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if no_proxy else []))
    with opener.open(urllib.request.Request(url, headers=headers), timeout=timeout_s) as response:
        return bytes(response.read())
