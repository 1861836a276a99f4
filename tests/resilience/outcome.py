"""Requests by the real openai SDK, and their outcome as the caller sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import openai

from tests.support.sdk_clients import iterate, resolve

Client = openai.OpenAI | openai.AsyncOpenAI
OPENING = "<faulty>"
QUESTION: list[Any] = [{"role": "user", "content": "Hi"}]


@dataclass
class Outcome:
    """The outcome of a request.

    ``status`` is 0 if there was no HTTP response. ``error`` is the name of the exception's class, and ``details`` the
    body of the error without its message. ``text`` was read before the error, ``finish`` is the finish reason.
    """

    status: int = 0
    error: str = ""
    details: Any = None
    text: str = ""
    finish: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    message: str = ""

    @property
    def policy(self) -> str:
        """The name of the policy in the headers."""
        return self.headers.get("x-prompt-policy", "").partition("@")[0]

    @property
    def kind(self) -> tuple[int, str, Any]:
        """The part that must be the same with and without a policy."""
        return (self.status, self.error, self.details)


async def send_request(client: Client, model: str, *, stream: bool, retries: int = 0, **options: Any) -> Outcome:
    """Send a request, read its response to the end, and return the outcome, an error included."""
    outcome = Outcome()
    create: Any = client.with_options(max_retries=retries).chat.completions.with_raw_response.create
    try:
        answer = await resolve(create(model=model, messages=QUESTION, temperature=1.3, stream=stream, **options))
        outcome.status, outcome.headers = answer.http_response.status_code, answer.headers
        if stream:
            await _read_stream(answer.parse(), outcome)
        else:
            outcome.body = answer.http_response.content
            _read_whole(answer.parse(), outcome)
    except openai.APIStatusError as error:
        outcome.status, outcome.headers = error.status_code, error.response.headers
        _record_error(outcome, error, error.body)
    except openai.APIError as error:
        _record_error(outcome, error, error.body)
    except Exception as error:  # noqa: BLE001 - the SDK does not translate every error, and both sides must raise the same one
        _record_error(outcome, error, None)
    return outcome


async def leave_stream(client: Client, model: str) -> str:
    """Request a stream, close it before its end, and return the text read until then."""
    outcome = Outcome()
    stream: Any = await resolve(client.chat.completions.create(model=model, messages=QUESTION, stream=True))
    async for chunk in iterate(stream):
        _read_chunk(chunk, outcome)
        if len(outcome.text) > 20:
            break
    await resolve(stream.close())
    return outcome.text


def _record_error(outcome: Outcome, error: Exception, body: object) -> None:
    outcome.error, outcome.message = type(error).__name__, str(error)
    outcome.details = (
        {key: value for key, value in body.items() if key != "message"} if isinstance(body, dict) else None
    )


def _read_whole(answer: Any, outcome: Outcome) -> None:
    choices = getattr(answer, "choices", None)
    if isinstance(choices, list) and choices and (message := getattr(choices[0], "message", None)):
        outcome.text = message.content if isinstance(message.content, str) else ""
        outcome.finish = choices[0].finish_reason


async def _read_stream(stream: Any, outcome: Outcome) -> None:
    async for chunk in iterate(stream):
        _read_chunk(chunk, outcome)


def _read_chunk(chunk: Any, outcome: Outcome) -> None:
    for choice in getattr(chunk, "choices", None) or ():
        text = getattr(getattr(choice, "delta", None), "content", None)
        outcome.text += text if isinstance(text, str) else ""
        outcome.finish = getattr(choice, "finish_reason", None) or outcome.finish


def apply_filters(text: str, opening: str = OPENING) -> str:
    """Return an answer's text as the policy rewrites it: an opening, and at most one blank line in a row."""
    return opening + re.sub(r"\n{3,}", "\n\n", text) if text else ""
