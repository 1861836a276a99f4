"""Take old thoughts out of earlier assistant turns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, Literal

from pydantic import Field

from prompt_policy.kinds.base import Admits, Rule, Transform
from prompt_policy.wire import Json, Request, Turn

_BLOCKS: Final = ("thinking", "redacted_thinking")
_FIELDS: Final = ("reasoning", "reasoning_content", "thinking_blocks")


class StripReasoning(Rule):
    """Take old thoughts out of earlier assistant turns, for models whose makers say not to send them back.

    Removed are the fields ``reasoning``, ``reasoning_content`` and ``thinking_blocks``, a block between ``open``
    and ``close`` that opens the turn, and otherwise everything up to a first ``close``, each with the newlines
    after it. A block that was never closed is a thought to the end.

    - On Responses a ``reasoning`` item goes, too, unless a function call follows it, to which it belongs. On Messages
      ``thinking`` blocks go, unless the same turn uses a tool.
    - A ``<think>`` in mid-text, and a tag in backticks, is text.
    - A last assistant message is the beginning of the answer, not an earlier turn, and stays.
    """

    kind: Literal["strip_reasoning"]
    open: str = Field("<think>", min_length=1, description="The tag that opens a thought.")
    close: str = Field("</think>", min_length=1, description="The tag that closes it.")

    def transform(self) -> Transform:
        """Compile to one pass over the assistant turns."""
        answer_of = _answer_of(self.open, self.close)

        def stripped(turn: Turn) -> Turn:
            if not turn.raw.keys().isdisjoint(_FIELDS):
                turn = turn._replace(raw={key: value for key, value in turn.raw.items() if key not in _FIELDS})
            return _without_thinking(turn).with_first_text(answer_of)

        def transform(request: Request, _admits: Admits) -> None:
            turns = request.turns
            earlier = _without_thoughts(turns) if any(map(_is_thought, turns)) else turns[:-1]
            stripped_ones = [stripped(turn) if turn.role == "assistant" else turn for turn in earlier]
            request.set_turns([*stripped_ones, *turns[-1:]])

        return transform


def _without_thoughts(turns: Sequence[Turn]) -> list[Turn]:
    """Return all turns but the last, without reasoning items of Responses that no call depends on."""
    kept: list[Turn] = []
    needs_thought = False
    for after, turn in pairwise(reversed(turns)):
        if not _is_thought(after):
            needs_thought = _type_of(after.raw) == "function_call"
        if needs_thought or not _is_thought(turn):
            kept.append(turn)
    return kept[::-1]


def _is_thought(turn: Turn) -> bool:
    return turn.role == "other" and _type_of(turn.raw) == "reasoning"


def _without_thinking(turn: Turn) -> Turn:
    """Return a turn without its thinking blocks; one that uses a tool must keep them, and none may become empty."""
    blocks = turn.content
    if not isinstance(blocks, list) or any(_type_of(block) == "tool_use" for block in blocks):
        return turn
    kept = [block for block in blocks if _type_of(block) not in _BLOCKS]
    return turn.with_content(kept) if kept and len(kept) < len(blocks) else turn


def _type_of(value: Json) -> Json:
    return value.get("type") if isinstance(value, dict) else None


def _answer_of(opening: str, closing: str) -> Callable[[str], str]:
    opens = re.compile(r"[ \t\r\n]*" + re.escape(opening))
    tag = re.compile(rf"(?<!`)(?:{re.escape(opening)}|{re.escape(closing)})")
    newlines = re.compile(r"(?:[ \t]*\r?\n)*")

    def answer_of(text: str) -> str:
        """Cut thoughts off the front until none is left there, so that a second pass finds nothing."""
        if opening not in text and closing not in text:  # as nearly all are; the patterns below are slower to say so
            return text
        start = 0
        while True:
            if opened := opens.match(text, start):
                close = text.find(closing, opened.end())
                if close < 0:
                    return ""
            else:
                found = tag.search(text, start)
                if found is None or found.group() != closing:
                    return text[start:]
                close = found.start()
            close += len(closing)
            after = newlines.match(text, close)
            start = after.end() if after else close

    return answer_of
