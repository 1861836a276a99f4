"""Send one request to the model and through the proxy, and print the two answers side by side."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import HTTPException
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from prompt_policy.net import HttpReply, describe_error, send_request
from prompt_policy.proxy.up import ReadyProxy
from prompt_policy.runtime.decision import CHANGED_HEADER
from prompt_policy.wire.values import JsonObject

_REQUEST: Final[JsonObject] = {
    "messages": [{"role": "user", "content": "Write two short sentences about the sea."}],
    "temperature": 1.5,
    "seed": 3,
    "max_tokens": 60,
}
_TIMEOUT_S: Final = 120.0


class Answer(NamedTuple):
    """An answer, and what the policy changed; both as text for the terminal."""

    content: str
    changes: str


def request_pair(proxy: ReadyProxy) -> tuple[Answer, Answer]:
    """Return the answer of the model itself, and the answer through the proxy. Both get the same request.

    Raise OSError or ``http.client.HTTPException`` if no response arrives.
    """
    body: JsonObject = {"model": proxy.backend.models[0], **_REQUEST}
    direct = _request_answer(proxy.backend.url, proxy.backend.key, body)
    return direct, _request_answer(proxy.url, proxy.key, body)


def print_comparison(proxy: ReadyProxy) -> None:
    """Print one answer without and one with the policy to standard output, or on standard error why there is none."""
    try:
        direct, enforced = request_pair(proxy)
    except (OSError, HTTPException) as error:
        Console(stderr=True, markup=False).print(f"the comparison failed: {describe_error(error)}")
        return
    table = Table(show_lines=True)
    table.add_column("the model itself", ratio=1)
    table.add_column("the same request through the policy", ratio=1)
    table.add_row(Text(direct.content), Text(enforced.content))
    table.add_row("", Text(f"{CHANGED_HEADER}: {enforced.changes}"))
    console = Console(markup=False, emoji=False, highlight=False)
    question, temperature = _REQUEST["messages"][0]["content"], _REQUEST["temperature"]
    console.print(f"\n{proxy.backend.models[0]} at temperature {temperature}: {question}", soft_wrap=True)
    console.print(table)


def _request_answer(base: str, key: str | None, body: JsonObject) -> Answer:
    reply = send_request(f"{base}/chat/completions", json.dumps(body).encode(), {}, key, timeout_s=_TIMEOUT_S)
    return Answer(_read_content(reply), reply.headers.get(CHANGED_HEADER, ""))


def _read_content(reply: HttpReply) -> str:
    if reply.status != HTTPStatus.OK:
        return f"HTTP {reply.status}: {reply.body.decode(errors='replace')}"
    return str(reply.parse_object()["choices"][0]["message"]["content"]).strip()
