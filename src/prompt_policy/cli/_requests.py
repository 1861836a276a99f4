"""Reading requests and answers from files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.json_bytes import decoded
from prompt_policy.wire.shape import endpoint_of_body

STDIN: Final = "-"
_KINDS: Final = (".json", ".jsonl")


@dataclass(frozen=True)
class Asked:
    """A request from a file. ``name`` says where it stands."""

    name: str
    endpoint: Endpoint
    body: JsonObject


def read_bytes(path: str) -> bytes:
    """Return a file's bytes, or standard input's for ``-``. Raise UsageError."""
    try:
        return sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def asked(name: str, data: bytes, endpoint: Endpoint | None = None) -> Asked:
    """Return the request that some bytes hold. Raise UsageError where they hold none."""
    try:
        body = decoded(data)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise UsageError(f"{name}: expected a request's body, one JSON object")
    found = endpoint or endpoint_of_body(body)
    if found is None:
        raise UsageError(f"{name}: no request that is known: it has neither messages nor input nor prompt")
    return Asked(name, found, body)


def requests_in(path: str) -> Iterator[Asked]:
    """Yield the requests of a file (JSON, or JSON lines) or of all such files of a folder. Raise UsageError."""
    if Path(path).is_dir():
        files = sorted(file for file in Path(path).iterdir() if file.suffix in _KINDS)
        if not files:
            raise UsageError(f"{path}: holds no requests (*.json, *.jsonl)")
        for file in files:
            yield from requests_in(str(file))
        return
    data = read_bytes(path)
    if not path.endswith(".jsonl"):
        yield asked(path, data)
        return
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            yield asked(f"{path}:{number}", line)
