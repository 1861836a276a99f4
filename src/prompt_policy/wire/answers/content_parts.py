"""Chat answers whose content is a list of parts, whole and streamed.

Mistral's API sends reasoning as ``{"type": "thinking", "thinking": [{"type": "text", "text": "..."}]}`` and the answer
as ``{"type": "text", "text": "..."}`` (docs.mistral.ai, "Reasoning"). Other parts, such as references, stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from prompt_policy.wire.answers.chat import Channel, Piece
from prompt_policy.wire.values import Json


class PieceSequence(Protocol):
    """Filters the texts of an answer in their order."""

    def feed_pieces(self, choice: int, channel: Channel, text: str) -> list[Piece]:
        """Return what the client receives in place of a piece of text, in order."""

    def flush_all(self, choice: int) -> list[Piece]:
        """Return the buffered text of each channel that has some."""


def rewrite_parts(parts: list[Json], sequence: PieceSequence, choice: int, ends_text: bool) -> list[Json]:
    """Return the parts with their texts filtered; the same list if nothing changes.

    Parts that become empty are removed. Buffered text is added as a part of its own, before the part that ends it.

    Arguments:
        ends_text: whether the list is followed by an event that ends its texts.
    """
    rewritten = [new for part in parts for new in _rewrite_part(part, sequence, choice)]
    if ends_text:
        rewritten += [create_part(channel, text) for channel, text in sequence.flush_all(choice)]
    same = len(rewritten) == len(parts) and all(a is b for a, b in zip(rewritten, parts, strict=True))
    return parts if same else rewritten


def create_part(channel: Channel, text: str) -> Json:
    """Return a part with text of a channel."""
    part = {"type": "text", "text": text}
    return part if channel == "content" else {"type": "thinking", "thinking": [part]}


def _rewrite_part(part: Json, sequence: PieceSequence, choice: int) -> Iterator[Json]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        yield from _rewrite_text(part, "text", "content", sequence, choice)
    elif kind == "thinking" and isinstance(part.get("thinking"), str):
        yield from _rewrite_text(part, "thinking", "reasoning", sequence, choice)
    elif kind == "thinking" and isinstance(part.get("thinking"), list):
        yield from _rewrite_thinking(part, sequence, choice)
    else:
        yield part


def _rewrite_thinking(part: Json, sequence: PieceSequence, choice: int) -> Iterator[Json]:
    inner: list[Json] = []
    for piece in part["thinking"]:
        if not isinstance(piece, dict) or not isinstance(piece.get("text"), str):
            inner.append(piece)
            continue
        before, text = _split_last(sequence.feed_pieces(choice, "reasoning", piece["text"]), "reasoning")
        yield from before
        if text == piece["text"]:
            inner.append(piece)
        elif text or len(piece) > len(("type", "text")):
            inner.append({**piece, "text": text})
    if len(inner) == len(part["thinking"]) and all(a is b for a, b in zip(inner, part["thinking"], strict=True)):
        yield part
    elif inner or len(part) > len(("type", "thinking")):
        yield {**part, "thinking": inner}


def _rewrite_text(part: Json, key: str, channel: Channel, sequence: PieceSequence, choice: int) -> Iterator[Json]:
    before, text = _split_last(sequence.feed_pieces(choice, channel, part[key]), channel)
    yield from before
    if text == part[key]:
        yield part
    elif text or len(part) > len(("type", key)):
        yield {**part, key: text}


def _split_last(pieces: list[Piece], channel: Channel) -> tuple[list[Json], str]:
    """Return parts for the pieces before the last text of a channel, and that text."""
    text = pieces[-1].text if pieces and pieces[-1].channel == channel else ""
    before = pieces[:-1] if text else pieces
    return [create_part(*piece) for piece in before if piece.text], text
