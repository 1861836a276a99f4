"""The backend's answer to a request: a description of the request, so that it shows which policy was applied."""

from __future__ import annotations

import json
from typing import Final

from prompt_policy.wire.values import Json, JsonObject

PIECES: Final = 12
BLANK_LINES: Final = 5
_LAST_LINE: Final = "The end."


def describe_body(body: JsonObject) -> str:
    """Return the description of a body, as JSON."""
    messages: Json = body.get("messages") or body.get("input") or body.get("prompt")
    if isinstance(messages, str):
        turns = [["user", messages]]
    else:
        turns = [[message["role"], _join_text(message["content"])] for message in messages]
    return describe_request(turns, body.get("temperature"), body.get("top_p"))


def describe_request(turns: list[list[str]], temperature: float | None, top_p: float | None) -> str:
    """Return the description of an expected request, as JSON."""
    return json.dumps({"temperature": temperature, "top_p": top_p, "turns": turns})


def build_answer_text(description: str, blank_lines: int = BLANK_LINES) -> str:
    """Return the text of the answer with a number of blank lines: by default, as many as the backend sends."""
    return description + "\n" * (blank_lines + 1) + _LAST_LINE


def split_answer(text: str) -> list[str]:
    """Return the pieces in which an answer is streamed."""
    size = -(-len(text) // PIECES)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _join_text(content: Json) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
