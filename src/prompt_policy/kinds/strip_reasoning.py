"""Remove reasoning from earlier assistant turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

from pydantic import Field

from prompt_policy.kinds.base import Rule, Transform, TurnPredicate
from prompt_policy.kinds.probing.findings import ProbedServer, ProbeFinding
from prompt_policy.wire import Json, JsonObject, Request, Turn
from prompt_policy.wire.answers.think_tags import CLOSING_TAG, OPENING_TAG
from prompt_policy.wire.reasoning.blocks import ReasoningRemover

_BLOCK_TYPES: Final = ("thinking", "redacted_thinking")
_PLAIN_FIELDS: Final = frozenset({"reasoning", "reasoning_content"})
_STRUCTURED_FIELDS: Final = frozenset({"reasoning_details", "thinking_blocks"})
_FIELDS: Final = _PLAIN_FIELDS | _STRUCTURED_FIELDS


class StripReasoning(Rule):
    """Remove reasoning from earlier assistant turns.

    This is for models whose makers advise not to send it back.

    ``scope: earlier_turns`` acts on the turns before the last user message. The assistant turns after it belong to a
    tool loop that is still running, and keep their reasoning. A tool's result is not a user message: neither a message
    of the role ``tool`` or ``function``, nor a user turn of Messages that has only ``tool_result`` blocks, nor a user
    turn that begins with a ``<tool_response>`` element, as Qwen's templates write it. ``scope: all`` acts on every
    turn.

    The rule removes the fields ``reasoning``, ``reasoning_content``, ``reasoning_details`` and ``thinking_blocks``. It
    removes a block between ``open`` and ``close`` at the start of a turn. A tag like ``<think>`` matches with
    attributes, too. If the chat template wrote ``open``, the turn begins with the reasoning itself: everything up to
    ``close`` is then removed, if ``close`` is on a line of its own or followed by a blank line. The newlines after a
    block are removed with it. A block that is never closed extends to the end of the turn.

    - A tag in code, in quotation marks or a block quote, or in the middle of a text, is text.
    - On Responses, ``reasoning`` items are removed, unless they belong to a call: of a function, a custom tool, a
      search, or any other ``…_call`` item.
    - On Messages, ``thinking`` blocks are removed, unless the same turn uses a tool (``tool_use``,
      ``server_tool_use``). On chat, a turn with tool calls keeps its fields if it has ``thinking_blocks`` or
      ``reasoning_details``. Servers compare these forms with the calls.
    - A last assistant message is kept, because it is the beginning of the answer and not an earlier turn.
    """

    kind: Literal["strip_reasoning"]
    scope: Literal["earlier_turns", "all"] = Field(
        "earlier_turns", description="The turns before the last user message, or all turns."
    )
    open: str = Field(OPENING_TAG, min_length=1, description="The tag at the start of reasoning.")
    close: str = Field(CLOSING_TAG, min_length=1, description="The tag at the end of reasoning.")

    def transform(self) -> Transform:
        """Compile to one pass over the assistant turns."""
        remover = ReasoningRemover(self.open, self.close)
        count_turns = _count_all_turns if self.scope == "all" else _count_earlier_turns

        def is_plain(raw: Json) -> bool:
            """Return whether a message surely has no reasoning: the usual case."""
            content = raw.get("content")
            return isinstance(content, str) and remover.can_skip(content) and _FIELDS.isdisjoint(raw)

        def transform(request: Request, _applies_to: TurnPredicate) -> None:
            roles, raws, _texts = request.conversation
            count = count_turns(request)
            if "o" not in roles:
                place = roles.find("a", 0, count)
                while place >= 0 and is_plain(raws[place]):
                    place = roles.find("a", place + 1, count)
                if place < 0:
                    return
            turns = request.turns
            earlier = [
                _strip_turn(turn, remover.remove) if turn.role == "assistant" else turn
                for turn in _drop_reasoning_items(turns, count)
            ]
            request.set_turns([*earlier, *turns[count:]])

        return transform

    def probe_checks(self, server: ProbedServer) -> Iterator[ProbeFinding]:
        """Report that the template removes earlier reasoning itself."""
        if server.drops_earlier_reasoning:
            yield ProbeFinding("not needed: the template already strips earlier reasoning")


def _count_all_turns(request: Request) -> int:
    """Return the number of all turns but the last, which the answer may continue."""
    return max(0, len(request.conversation.roles) - 1)


def _count_earlier_turns(request: Request) -> int:
    """Return the number of turns before the last user message; 0 without one."""
    roles, _raws, texts = request.conversation
    last = roles.rfind("u")
    while last >= 0 and _is_tool_response(texts[last]):
        last = roles.rfind("u", 0, last)
    return max(0, last)


def _is_tool_response(text: str) -> bool:
    """Return whether a user's text is a tool's result, as Qwen's templates write it. A suffix may follow."""
    return text.startswith("<tool_response>") and "</tool_response>" in text


def _strip_turn(turn: Turn, remove: Callable[[str], str]) -> Turn:
    if not _FIELDS.isdisjoint(turn.raw) and not _keeps_fields(turn.raw):
        turn = turn._replace(raw={key: value for key, value in turn.raw.items() if key not in _FIELDS})
    return _drop_thinking_blocks(turn).map_first_text(remove)


def _keeps_fields(raw: JsonObject) -> bool:
    """Return whether a turn with tool calls has reasoning in a structured form, which servers compare with the calls.

    The plain fields repeat its text, so they are kept as well.
    """
    return bool(raw.get("tool_calls")) and any(raw.get(field) for field in _STRUCTURED_FIELDS)


def _drop_reasoning_items(turns: Sequence[Turn], count: int) -> list[Turn]:
    """Return the first turns, without the reasoning items of Responses on which no call depends.

    A call depends on the items before it, up to the previous user message, system message or result. An item of an
    unknown type, such as a reference, is treated as a call.
    """
    kept: list[Turn] = []
    is_needed = False
    for turn in reversed(turns[: count + 1]):
        if not _is_reasoning_item(turn):
            is_needed = _is_call(turn) or (is_needed and turn.role == "assistant")
            kept.append(turn)
        elif is_needed or len(kept) == 0:
            kept.append(turn)
    return kept[:0:-1]


def _is_reasoning_item(turn: Turn) -> bool:
    return turn.role == "other" and _get_type(turn.raw) == "reasoning"


def _is_call(turn: Turn) -> bool:
    """Return whether an item is a call of Responses, or may refer to one."""
    kind = _get_type(turn.raw)
    return turn.role == "other" and isinstance(kind, str) and not kind.endswith(("_output", "_response"))


def _drop_thinking_blocks(turn: Turn) -> Turn:
    """Return a turn without its thinking blocks, unless it uses a tool or would become empty."""
    blocks = turn.content
    if not isinstance(blocks, list) or turn.raw.get("tool_calls") or any(map(_is_tool_use, blocks)):
        return turn
    kept = [block for block in blocks if _get_type(block) not in _BLOCK_TYPES]
    return turn.with_content(kept) if kept and len(kept) < len(blocks) else turn


def _is_tool_use(block: Json) -> bool:
    kind = _get_type(block)
    return isinstance(kind, str) and kind.endswith("tool_use")


def _get_type(value: Json) -> Json:
    return value.get("type") if isinstance(value, dict) else None
