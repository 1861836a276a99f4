"""The answers of the echo server: the received request, in the style of DeepSeek-R1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Final, NamedTuple

from prompt_policy.wire.values import Json, JsonObject

DEFAULT_MODELS: Final = ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",)
_REASONING: Final = "This server runs no model, so there is nothing to reason about.\n"
_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_PIECE_SIZES: Final = (3, 1, 5, 2, 7, 4)


class EchoAnswer(NamedTuple):
    """One answer as a server returns it; without a reasoning parser the reasoning is part of ``content``."""

    reasoning: str | None
    content: str


def build_chat_answer(body: JsonObject, *, reasoning_parser: bool) -> EchoAnswer:
    """Return the answer to a chat request: reasoning, which is empty unless it was prefilled, and the request.

    With ``reasoning_parser`` the reasoning is separated as vLLM's ``deepseek_r1`` parser does, newlines included.
    """
    reasoning = _REASONING if _is_prefilled(body) else f"{_OPEN}\n\n"
    content = f"\n\n{build_answer_text(body)}"
    if reasoning_parser:
        return EchoAnswer(reasoning.removeprefix(_OPEN), content)
    return EchoAnswer(None, f"{reasoning}{_CLOSE}{content}")


def build_answer_text(body: JsonObject) -> str:
    """Return the text of the answer: the request as received, and superfluous newlines for a policy to remove."""
    received = json.dumps(body, ensure_ascii=False, indent=2)
    return f"The model received:\n\n```json\n{received}\n```\n\n\n\n\nEnd of echo.\n\n\n"


def split_into_pieces(text: str, choice: int = 0) -> Iterator[str]:
    """Yield a text in pieces of a few characters. The cuts are deterministic, and differ between choices."""
    start = 0
    for size in islice(cycle(_PIECE_SIZES), choice % len(_PIECE_SIZES), None):
        if start >= len(text):
            return
        yield text[start : start + size]
        start += size


def count_words(value: Json) -> int:
    """Return the number of words in all strings of a JSON value. Usage counts them in place of tokens."""
    match value:
        case str():
            return len(value.split())
        case list():
            return sum(count_words(item) for item in value)
        case dict():
            return sum(count_words(item) for item in value.values())
        case _:
            return 0


def _is_prefilled(body: JsonObject) -> bool:
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if body.get("continue_final_message") is not True or not isinstance(last, dict):
        return False
    content = last.get("content")
    return last.get("role") == "assistant" and isinstance(content, str) and content.endswith(f"{_OPEN}\n")
