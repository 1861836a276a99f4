"""What the backend says of a request: what it saw of it, so that the answer tells which policy was applied."""

from __future__ import annotations

import json
from typing import Final

from prompt_policy.wire.values import Json, JsonObject

PIECES: Final = 12
BLANK_LINES: Final = 5
_END: Final = "The end."


def seen_in(body: JsonObject) -> str:
    """Return what a backend saw of a body, in JSON."""
    came: Json = body.get("messages") or body.get("input") or body.get("prompt")
    turns = [["user", came]] if isinstance(came, str) else [[turn["role"], _text(turn["content"])] for turn in came]
    return seen(turns, body.get("temperature"), body.get("top_p"))


def seen(turns: list[list[str]], temperature: float | None, top_p: float | None) -> str:
    """Return the same for what is expected."""
    return json.dumps({"temperature": temperature, "top_p": top_p, "turns": turns})


def told(seen: str, blank_lines: int = BLANK_LINES) -> str:
    """Return the answer, with as many blank lines in it as a policy leaves."""
    return seen + "\n" * (blank_lines + 1) + _END


def pieces(text: str) -> list[str]:
    """Cut an answer."""
    size = -(-len(text) // PIECES)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _text(content: Json) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
