"""What the echo backend says: the request that it received, with the habits of DeepSeek-R1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Final, NamedTuple

from prompt_policy.wire.values import Json, JsonObject

MODELS: Final = ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",)
_THOUGHT: Final = "This is a stand-in without a model, so there is nothing to think about.\n"
_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_SIZES: Final = (3, 1, 5, 2, 7, 4)


class Answer(NamedTuple):
    """One answer, as a server gives it: without a reasoning parser the thought stands in ``content``."""

    reasoning: str | None
    content: str


def answer_to_chat(body: JsonObject, *, reasoning_parser: bool) -> Answer:
    """Return the answer to a chat: a thought where one was prefilled, else an empty one, then the request.

    With ``reasoning_parser`` the text is split as vLLM's ``deepseek_r1`` does it, newlines and all.
    """
    thought = _THOUGHT if _is_prefilled(body) else f"{_OPEN}\n\n"
    content = f"\n\n{answer_text(body)}"
    if reasoning_parser:
        return Answer(thought.removeprefix(_OPEN), content)
    return Answer(None, f"{thought}{_CLOSE}{content}")


def answer_text(body: JsonObject) -> str:
    """Return the answer proper: the request as received, and more newlines than anybody wants."""
    received = json.dumps(body, ensure_ascii=False, indent=2)
    return f"The model received:\n\n```json\n{received}\n```\n\n\n\n\nEnd of echo.\n\n\n"


def pieces(text: str, choice: int = 0) -> Iterator[str]:
    """Cut a text into pieces of a few characters, the same way each time, another way for each choice."""
    start = 0
    for size in islice(cycle(_SIZES), choice % len(_SIZES), None):
        if start >= len(text):
            return
        yield text[start : start + size]
        start += size


def words(value: Json) -> int:
    """Return how many words a JSON value holds, for figures of usage: there is no tokenizer here."""
    match value:
        case str():
            return len(value.split())
        case list():
            return sum(words(item) for item in value)
        case dict():
            return sum(words(item) for item in value.values())
        case _:
            return 0


def _is_prefilled(body: JsonObject) -> bool:
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if body.get("continue_final_message") is not True or not isinstance(last, dict):
        return False
    content = last.get("content")
    return last.get("role") == "assistant" and isinstance(content, str) and content.endswith(f"{_OPEN}\n")
