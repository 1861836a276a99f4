"""Derives the source of a synchronous module from its asynchronous twin."""

from __future__ import annotations

import re
from typing import Final

_REPLACEMENTS: Final = (
    (r'"""The AsyncClient that enforces policies; ``sync_client`` is its twin\..*?"""\n',
     '"""The Client that enforces policies; the twin of ``async_client``, which see."""\n'),
    (r"from prompt_policy\.runtime\.offload import offload_if_large\n", ""),
    # A generator that another thread is running cannot be closed, so the twin closes only the stream.
    (r"            try:\n                await self\._pieces\.aclose\(\).*?\n            finally:\n    (.*?\n)", r"\1"),
    (r"await offload_if_large\((\w+), .*\)\n", r"\1()\n"),
    (r"\[piece async for piece in ([\w.]+)\]", r"\1"),
    (r"\b(async|await) ", ""),
    (r"\bAsync(ByteStream)\b", r"Sync\1"),
    (r"Async(Client|Iterator)\b", r"\1"),
    (r"create_async_", "create_"),
    (r"\b(__)?a(close|read|iter|iter_bytes|enter__|exit__)\b", r"\1\2"),
    (r"\b__aiter__\b", "__iter__"),
)  # fmt: skip


def strip_async(source: str) -> str:
    """Return the source of the synchronous twin of ``httpx/async_client.py``."""
    for pattern, replacement in _REPLACEMENTS:
        source = re.sub(pattern, replacement, source, flags=re.DOTALL if pattern.startswith('"') else 0)
    return source
