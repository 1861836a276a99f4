"""Anthropic's Messages: rewrites the text of an answer. Thinking is left unchanged, because it may be signed.

Anthropic rejects a history with an empty text block. A text block that becomes empty is therefore removed, unless only
thinking is left: clients expect a text block in an answer without tool use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prompt_policy.wire.answers.chat import TextFilter
from prompt_policy.wire.answers.parts import PartRewriter, holds_only, part_index
from prompt_policy.wire.values import Json, JsonObject

_BLOCK_KEYS: Final = frozenset({"type", "text"})
_START_KEYS: Final = frozenset({"type", "index", "content_block"})
_DELTA_KEYS: Final = frozenset({"type", "index", "delta"})
_THINKING: Final = ("thinking", "redacted_thinking")


def rewrite_message(answer: JsonObject, filters: TextFilter) -> JsonObject:
    """Return a complete answer with its texts filtered; the same object if nothing changes."""
    blocks, parts = answer.get("content"), PartRewriter(filters)
    if not isinstance(blocks, list):
        return answer
    changed = [_rewrite_block(block, index, parts) for index, block in enumerate(blocks)]
    if all(a is b for a, b in zip(changed, blocks, strict=True)):
        return answer
    return {**answer, "content": _remove_empty_blocks(changed, blocks)}


@dataclass(slots=True)
class _Block:
    """The state of a content block of a stream.

    ``start`` is its first event, while it is withheld because the block has no text; ``has_arrived`` states whether the
    server has sent text of the block. The index of the block is lower by ``shift`` than the server's.
    """

    number: int
    shift: int
    start: JsonObject | None = None
    has_arrived: bool = False


class MessagesRewriter:
    """Rewrites the events of one answer. A block's buffered text is sent as a delta before the block stops.

    The first event of a text block is withheld until the block has text. If filters leave it without text, the block is
    dropped, and the following blocks move up.
    """

    def __init__(self, filters: TextFilter) -> None:
        self._parts = PartRewriter(filters)
        self._open: dict[Json, _Block] = {}  # the blocks that have not stopped, by the server's index
        self._block_count = 0
        self._drop_count = 0
        self._dropped: list[JsonObject] = []  # the events of the first dropped block
        self._next_index = 0
        self._has_answer = False  # a block other than thinking has been emitted

    def feed(self, event: JsonObject, /) -> list[JsonObject]:
        """Return the events that the client receives in place of one; the same object if nothing changes."""
        return [*self._rewrite(event)]

    def flush(self) -> list[JsonObject]:
        """Return the buffered text and the withheld events of the blocks that have not stopped."""
        return [*self._emit_withheld()]

    def _rewrite(self, event: JsonObject) -> Iterator[JsonObject]:
        kind = event.get("type")
        if kind == "content_block_start":
            yield from self._emit_withheld()
            yield from self._start_block(event)
        elif kind == "content_block_delta":
            yield from self._rewrite_delta(event)
        elif kind == "content_block_stop":
            yield from self._stop_block(event)
        elif kind in ("message_delta", "message_stop"):
            yield from self._emit_withheld()
            yield from self._restore_block()
            yield event
        else:
            yield event

    def _start_block(self, event: JsonObject) -> Iterator[JsonObject]:
        content = event.get("content_block")
        content = content if isinstance(content, dict) else {}
        block = self._open_block(event)
        text = content.get("text")
        if content.get("type") != "text" or not isinstance(text, str):
            self._note_thinking(content)
            self._has_answer = self._has_answer or content.get("type") not in _THINKING
            yield self._move(event, block)
            return
        block.start, block.has_arrived = event, bool(text)
        if text and (changed := self._parts.feed(block.number, "content", text)) != text:
            block.start, text = {**event, "content_block": {**content, "text": changed}}, changed
        if text or not (holds_only(content, _BLOCK_KEYS) and holds_only(event, _START_KEYS)):
            yield from self._emit_start(block)

    def _rewrite_delta(self, event: JsonObject) -> Iterator[JsonObject]:
        block = self._open.get(part_index(event.get("index"))) or self._open_block(event)
        delta = event.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        self._note_thinking(delta)
        text = delta.get("text")
        if delta.get("type") == "text_delta" and isinstance(text, str):
            block.has_arrived = block.has_arrived or bool(text)
            changed = self._parts.feed(block.number, "content", text)
            may_drop = bool(text) or block.start is not None
            if may_drop and not changed and holds_only(delta, _BLOCK_KEYS) and holds_only(event, _DELTA_KEYS):
                return
            event = event if changed == text else {**event, "delta": {**delta, "text": changed}}
        yield from self._emit_start(block)
        self._has_answer = self._has_answer or "text" in delta
        yield self._move(event, block)

    def _stop_block(self, event: JsonObject) -> Iterator[JsonObject]:
        index = part_index(event.get("index"))
        block = self._open.get(index) or self._open_block(event)
        yield from self._flush_block(event.get("index"), block)
        del self._open[index]
        if block.start is not None and block.has_arrived:
            self._drop_count += 1
            self._dropped = self._dropped or [block.start, event]
            return
        yield from self._emit_start(block)
        yield self._move(event, block)

    def _open_block(self, event: JsonObject) -> _Block:
        block = self._open[part_index(event.get("index"))] = _Block(self._block_count, self._drop_count)
        self._block_count += 1
        return block

    def _note_thinking(self, value: JsonObject) -> None:
        if isinstance(thinking := value.get("thinking"), str):
            self._parts.note_reasoning(thinking)

    def _emit_start(self, block: _Block) -> Iterator[JsonObject]:
        """Yield the first event of a block, unless it has been emitted."""
        if (start := block.start) is not None:
            block.start, self._has_answer = None, True
            yield self._move(start, block)

    def _flush_block(self, index: Json, block: _Block) -> Iterator[JsonObject]:
        if tail := self._parts.flush(block.number):
            yield from self._emit_start(block)
            delta = {"type": "text_delta", "text": tail}
            yield self._move({"type": "content_block_delta", "index": index, "delta": delta}, block)

    def _emit_withheld(self) -> Iterator[JsonObject]:
        """Yield what is withheld of blocks that have not stopped, because their text or the stream ends."""
        for index, block in self._open.items():
            yield from self._flush_block(index, block)
            yield from self._emit_start(block)

    def _restore_block(self) -> Iterator[JsonObject]:
        """Yield the first dropped block, without text, if the answer would otherwise consist of thinking only."""
        dropped, self._dropped = self._dropped, []
        if not self._has_answer:
            for event in dropped:
                yield {**event, "index": self._next_index}

    def _move(self, event: JsonObject, block: _Block) -> JsonObject:
        """Return an event of a block with the index that the client receives."""
        index = event.get("index")
        if not isinstance(index, int):
            return event
        self._next_index = index - block.shift + 1
        return {**event, "index": index - block.shift} if block.shift else event


def _rewrite_block(block: Json, index: int, parts: PartRewriter) -> Json:
    if not isinstance(block, dict):
        return block
    if isinstance(thinking := block.get("thinking"), str):
        parts.note_reasoning(thinking)
    if block.get("type") != "text" or not isinstance(block.get("text"), str):
        return block
    text = parts.final_text(index, "content", block["text"])
    return block if text == block["text"] else {**block, "text": text}


def _remove_empty_blocks(changed: list[Json], original: list[Json]) -> list[Json]:
    """Return the blocks without those that became empty; with one of them if otherwise only thinking is left."""
    left: list[Json] = []
    empty: list[Json] = []
    for block, before in zip(changed, original, strict=True):
        is_empty = block is not before and not block["text"] and holds_only(block, _BLOCK_KEYS)
        (empty if is_empty else left).append(block)
    only_thinking = all(isinstance(block, dict) and block.get("type") in _THINKING for block in left)
    return [*left, *empty[:1]] if only_thinking else left
