"""Read requests and answers from files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.policy.inheritance import STDIN
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.requests.detect import detect_endpoint

_SUFFIXES: Final = (".json", ".jsonl")


@dataclass(frozen=True)
class RecordedRequest:
    """A request from a file. ``name`` is its place: the file, with the line for JSON lines."""

    name: str
    endpoint: Endpoint
    body: JsonObject


def read_input(path: str) -> bytes:
    """Return the bytes of a file, or of standard input for ``-``. Raise UsageError if the file cannot be read."""
    try:
        return sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def parse_request(name: str, data: bytes, endpoint: Endpoint | None = None) -> RecordedRequest:
    """Parse the body of a request. Raise UsageError if it is not one.

    Arguments:
        name: the place of the request, for messages.
        data: the body, as JSON.
        endpoint: the endpoint; None: detected from the body.
    """
    try:
        body = load_json(data)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise UsageError(f"{name}: expected the body of a request, one JSON object")
    detected = endpoint or detect_endpoint(body)
    if detected is None:
        raise UsageError(f"{name}: unknown kind of request; it has neither messages nor input nor prompt")
    return RecordedRequest(name, detected, body)


def read_requests(path: str) -> Iterator[RecordedRequest]:
    """Yield the requests of a file (JSON or JSON lines), or of all such files in a folder. Raise UsageError."""
    if Path(path).is_dir():
        files = sorted(file for file in Path(path).iterdir() if file.suffix in _SUFFIXES)
        if not files:
            raise UsageError(f"{path} contains no requests; add *.json or *.jsonl files")
        for file in files:
            yield from read_requests(str(file))
        return
    data = read_input(path)
    if not path.endswith(".jsonl"):
        yield parse_request(path, data)
        return
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            yield parse_request(f"{path}:{number}", line)
