"""Anthropic's Messages: the texts of an answer. Thinking stays as it is, for a signature may cover it."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.wire.answer import Texts
from prompt_policy.wire.parts import Parts, place_of
from prompt_policy.wire.values import Json, JsonObject


def rewrite_message(answer: JsonObject, texts: Texts) -> JsonObject:
    """Return a whole answer with the texts that the client is to read; itself if none changed."""
    blocks, parts = answer.get("content"), Parts(texts)
    if not isinstance(blocks, list):
        return answer
    changed = [_block(block, index, parts) for index, block in enumerate(blocks)]
    return answer if all(a is b for a, b in zip(changed, blocks, strict=True)) else {**answer, "content": changed}


class MessagesStream:
    """Rewrites the events of one answer. What was held back of a block comes as a delta before the block stops."""

    def __init__(self, texts: Texts) -> None:
        self._parts = Parts(texts)

    def rewrite(self, event: JsonObject) -> list[JsonObject]:
        """Return what the client reads in place of an event; the very object where it stays as it is."""
        return [*self._rewritten(event)]

    def end(self) -> list[JsonObject]:
        """Return what is left when the stream has ended: nothing, for every block stops by itself."""
        return []

    def _rewritten(self, event: JsonObject) -> Iterator[JsonObject]:
        kind, index = event.get("type"), place_of(event.get("index"))
        delta = event.get("delta")
        if kind == "content_block_delta" and isinstance(delta, dict):
            yield from self._delta(event, delta, index)
        elif kind == "content_block_stop" and self._parts.has_begun(index):
            if tail := self._parts.end(index, "content"):
                delta = {"type": "text_delta", "text": tail}
                yield {"type": "content_block_delta", "index": event.get("index"), "delta": delta}
            yield event
        else:
            yield event

    def _delta(self, event: JsonObject, delta: JsonObject, index: int | None) -> Iterator[JsonObject]:
        if isinstance(thinking := delta.get("thinking"), str):
            self._parts.hear(thinking)
        text = delta.get("text")
        if delta.get("type") != "text_delta" or not isinstance(text, str):
            yield event
            return
        changed = self._parts.feed(index, "content", text)
        if changed == text:
            yield event
        elif changed:
            yield {**event, "delta": {**delta, "text": changed}}


def _block(block: Json, index: int, parts: Parts) -> Json:
    if not isinstance(block, dict):
        return block
    if isinstance(thinking := block.get("thinking"), str):
        parts.hear(thinking)
    if block.get("type") != "text" or not isinstance(block.get("text"), str):
        return block
    text = parts.whole(index, "content", block["text"])
    return block if text == block["text"] else {**block, "text": text}
