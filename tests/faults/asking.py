"""One request by the real openai SDK, and all that its caller learns of what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import openai

from tests.httpx.clients import items, result

Client = openai.OpenAI | openai.AsyncOpenAI
OPENING = "<faulty>"
QUESTION: list[Any] = [{"role": "user", "content": "Hi"}]


@dataclass
class Outcome:
    """What came of a request.

    ``status`` is 0 where there was no HTTP answer. ``error`` is the class of what was raised, and ``told`` what the
    error's body says, but for the words of its message. ``text`` was read before that, ``finish`` is how it ended.
    """

    status: int = 0
    error: str = ""
    told: Any = None
    text: str = ""
    finish: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    message: str = ""

    @property
    def policy(self) -> str:
        """The name of the policy that the headers tell."""
        return self.headers.get("x-prompt-policy", "").partition("@")[0]

    @property
    def kind(self) -> tuple[int, str, Any]:
        """What must be the same with and without a policy."""
        return (self.status, self.error, self.told)


async def asked(client: Client, model: str, *, stream: bool, retries: int = 0, **options: Any) -> Outcome:
    """Send a request and read its answer to the end, whatever comes."""
    outcome = Outcome()
    create: Any = client.with_options(max_retries=retries).chat.completions.with_raw_response.create
    try:
        answer = await result(create(model=model, messages=QUESTION, temperature=1.3, stream=stream, **options))
        outcome.status, outcome.headers = answer.http_response.status_code, answer.headers
        if stream:
            await _read_stream(answer.parse(), outcome)
        else:
            outcome.body = answer.http_response.content
            _read_whole(answer.parse(), outcome)
    except openai.APIStatusError as error:
        outcome.status, outcome.headers = error.status_code, error.response.headers
        _failed(outcome, error, error.body)
    except openai.APIError as error:
        _failed(outcome, error, error.body)
    except Exception as error:  # noqa: BLE001 - the SDK lets some through, and both sides must let the same through
        _failed(outcome, error, None)
    return outcome


async def left(client: Client, model: str) -> str:
    """Ask for a stream, go away in the midst of it, and return what was read by then."""
    outcome = Outcome()
    stream: Any = await result(client.chat.completions.create(model=model, messages=QUESTION, stream=True))
    async for chunk in items(stream):
        _read_chunk(chunk, outcome)
        if len(outcome.text) > 20:
            break
    await result(stream.close())
    return outcome.text


def _failed(outcome: Outcome, error: Exception, body: object) -> None:
    outcome.error, outcome.message = type(error).__name__, str(error)
    outcome.told = {key: value for key, value in body.items() if key != "message"} if isinstance(body, dict) else None


def _read_whole(answer: Any, outcome: Outcome) -> None:
    choices = getattr(answer, "choices", None)
    if isinstance(choices, list) and choices and (message := getattr(choices[0], "message", None)):
        outcome.text = message.content if isinstance(message.content, str) else ""
        outcome.finish = choices[0].finish_reason


async def _read_stream(stream: Any, outcome: Outcome) -> None:
    async for chunk in items(stream):
        _read_chunk(chunk, outcome)


def _read_chunk(chunk: Any, outcome: Outcome) -> None:
    for choice in getattr(chunk, "choices", None) or ():
        text = getattr(getattr(choice, "delta", None), "content", None)
        outcome.text += text if isinstance(text, str) else ""
        outcome.finish = getattr(choice, "finish_reason", None) or outcome.finish


def value(body: bytes) -> Any:
    """Return the value of some JSON, or the bytes where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return body


def cleaned(text: str, opening: str = OPENING) -> str:
    """Return what the policy makes of an answer's text: its opening, and one blank line at most in a row."""
    return opening + re.sub(r"\n{3,}", "\n\n", text) if text else ""
