"""How much of a turn is judged: a bounded part, so that a verdict costs the same however long the turn is."""

from __future__ import annotations

from typing import Final

HEAD: Final = 2000
TAIL: Final = 1000


def excerpt(text: str) -> str:
    """Return the text, or the head and the tail of a long one: at most ``HEAD + TAIL + 1`` characters."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"
