"""Chat answers whose text moves between channels, or whose reasoning is read under other names; whole and streamed.

The order of the pieces is kept: the last reasoning and content of a delta stay in it, and earlier pieces precede it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from prompt_policy.wire.answers.chat import (
    CHANNEL_KEYS,
    CHANNELS,
    AnswerFilter,
    Channel,
    Piece,
    ReasoningForm,
    SupportsGet,
    TextFilter,
    get_text,
    repeats_reasoning,
)
from prompt_policy.wire.answers.content_parts import rewrite_parts
from prompt_policy.wire.answers.deltas import DeltaPlan, DeltaRewriter
from prompt_policy.wire.reasoning.fields import place_pieces
from prompt_policy.wire.values import MISSING, Json, JsonObject

_REASONING_KEYS: Final = CHANNEL_KEYS["reasoning"]
_THINKING_PARTS: Final = ("thinking", "redacted_thinking")
_THINKING_KEYS: Final = frozenset({"type", "thinking", "closed"})


class ShapedDeltaRewriter(DeltaRewriter):
    """Plans the changes of the deltas of an answer with a ``ReasoningForm``."""

    def __init__(self, filters: AnswerFilter, form: ReasoningForm) -> None:
        super().__init__(filters)
        self._form = form
        self._pieces = _PieceSequence(filters)
        self._hidden: set[int] = set()  # the choices of which reasoning was hidden

    def plan(self, choice: int, delta: SupportsGet, finishes: bool) -> DeltaPlan:
        """Return the change of a delta; see ``DeltaRewriter``."""
        ends_text = finishes or bool(delta.get("tool_calls") or delta.get("function_call"))
        self._note_finish(choice, finishes)
        reasoning, content = get_text(delta, _REASONING_KEYS), delta.get("content")
        if reasoning:
            self._keys["reasoning"] = tuple([key for key in _REASONING_KEYS if delta.get(key) == reasoning])
        pieces = self._pieces.feed_reasoning(choice, delta, self._form)
        parts: list[Json] | None = None
        if isinstance(content, list):
            self._note_parts(content)
            taken, parts = _rewrite_list(content, self._pieces, choice, self._form, ends_text)
            pieces += taken
        else:
            if isinstance(content, str) and content:
                pieces += self._pieces.feed_pieces(choice, "content", content)
            if ends_text:
                pieces += self._pieces.flush_all(choice)
        if _hides(delta, pieces, self._form):
            self._hidden.add(choice)
        pieces = _merge(pieces, self._form)
        stays = _count_last(pieces) if reasoning is not None or content else 0
        if stays == 1 and reasoning != "" and not pieces[-1].text:
            stays = 0  # a delta without text could be dropped
        before = self._build_deltas(pieces[: len(pieces) - stays])
        changed = place_pieces(delta, pieces[len(pieces) - stays :], self._form, self._keys["reasoning"])
        if parts is not None and parts is not content:
            changed["content"] = parts or MISSING
        return DeltaPlan(before, changed)

    def flush(self, choice: int) -> list[JsonObject]:
        """Return a delta for each piece of buffered text; call it at the end of the answer."""
        return self._build_deltas(_merge(self._pieces.flush_all(choice), self._form))

    def is_open(self, choice: int, channel: Channel) -> bool:
        """Return False: each delta must be planned."""
        return False

    def hides_tokens(self, choice: int) -> bool:
        """Return whether the tokens of a choice contain reasoning that is hidden."""
        return choice in self._hidden

    def _build_deltas(self, pieces: Iterable[Piece]) -> list[JsonObject]:
        keys = self._form.keys
        return [
            dict.fromkeys(keys, text)
            if channel == "reasoning" and keys is not None
            else self.build_delta(channel, text)
            for channel, text in pieces
        ]


def create_delta_rewriter(filters: AnswerFilter) -> DeltaRewriter:
    """Return the rewriter of a streamed answer's deltas."""
    form = filters.reasoning_form
    return DeltaRewriter(filters) if form is None else ShapedDeltaRewriter(filters, form)


def shape_message(message: SupportsGet, filters: TextFilter, form: ReasoningForm, choice: int) -> JsonObject:
    """Return the keys of a complete message that change; the new value of a key that is removed is ``MISSING``."""
    sequence = _PieceSequence(filters)
    content, parts = message.get("content"), None
    pieces = sequence.feed_reasoning(choice, message, form)
    if isinstance(content, list):
        taken, parts = _rewrite_list(content, sequence, choice, form, ends_text=True)
        pieces += taken
    else:
        if isinstance(content, str):
            pieces += sequence.feed_pieces(choice, "content", content)
        pieces += sequence.flush_all(choice)
    joined = _merge(sorted(pieces, key=lambda piece: CHANNELS.index(piece.channel)), form)
    changed = place_pieces(message, joined, form, _REASONING_KEYS[:1])
    if parts is not None and parts is not content:
        changed["content"] = parts or ""
    elif changed.get("content") is MISSING:
        changed["content"] = ""
    return changed


def _hides(message: SupportsGet, pieces: Iterable[Piece], form: ReasoningForm) -> bool:
    """Return whether the form hides reasoning of a message or delta."""
    return form.is_hidden and (repeats_reasoning(message) or any(map(_is_reasoning, pieces)))


class _PieceSequence:
    """Feeds the texts of an answer to filters that move text; reasoning with a structured copy stays verbatim."""

    def __init__(self, filters: TextFilter) -> None:
        self._filters = filters
        self._verbatim: set[int] = set()

    def feed_pieces(self, choice: int, channel: Channel, text: str) -> list[Piece]:
        """Return the pieces that the client receives in place of a piece."""
        return self._filters.feed_pieces(choice, channel, text)

    def feed_reasoning(self, choice: int, message: SupportsGet, form: ReasoningForm) -> list[Piece]:
        """Return the pieces in place of the reasoning of a message or delta."""
        text = get_text(message, _REASONING_KEYS)
        pieces: list[Piece] = []
        if repeats_reasoning(message) and not form.is_inline and choice not in self._verbatim:
            pieces = self.flush_all(choice)
            self._verbatim.add(choice)
        if text is None:
            return pieces
        fed = self.feed_pieces(choice, "reasoning", text)
        if choice in self._verbatim:
            fed = [*(piece for piece in fed if not _is_reasoning(piece)), Piece("reasoning", text)]
        return pieces + fed

    def flush_all(self, choice: int) -> list[Piece]:
        """Return the buffered text of both channels."""
        pieces = self._filters.flush_pieces(choice)
        return [
            piece for piece in pieces if piece.text and not (choice in self._verbatim and piece.channel == "reasoning")
        ]


def _rewrite_list(
    parts: list[Json], sequence: _PieceSequence, choice: int, form: ReasoningForm, ends_text: bool
) -> tuple[list[Piece], list[Json]]:
    """Return the reasoning that leaves a list of parts, and the remaining parts.

    Reasoning that is read under a name leaves the list, unless the part contains more than text.
    """
    rewritten = rewrite_parts(parts, sequence, choice, ends_text)
    if not form.is_hidden and form.keys is None:
        return [], rewritten
    kept = [part for part in rewritten if not _leaves(part, form)]
    if len(kept) == len(rewritten):
        return [], rewritten
    texts = [text for part in rewritten if _leaves(part, form) for text in _list_texts(part.get("thinking"))]
    return [Piece("reasoning", text) for text in texts], kept


def _leaves(part: Json, form: ReasoningForm) -> bool:
    if not isinstance(part, dict) or part.get("type") not in _THINKING_PARTS:
        return False
    return form.is_hidden or _THINKING_KEYS.issuperset(part)


def _list_texts(thinking: Json) -> list[str]:
    if isinstance(thinking, str):
        return [thinking]
    pieces = thinking if isinstance(thinking, list) else []
    return [piece["text"] for piece in pieces if isinstance(piece, dict) and isinstance(piece.get("text"), str)]


def _merge(pieces: Iterable[Piece], form: ReasoningForm) -> list[Piece]:
    """Return the pieces that the client reads, with neighbours of one channel joined.

    Empty reasoning stays: it marks content that is separated from its reasoning.
    """
    shown = [piece for piece in pieces if not (form.is_hidden and _is_reasoning(piece))]
    runs = groupby(shown, key=lambda piece: piece.channel)
    joined = [Piece(channel, "".join([piece.text for piece in run])) for channel, run in runs]
    return [piece for piece in joined if piece.text or piece.channel == "reasoning"]


def _count_last(pieces: list[Piece]) -> int:
    """Return how many of the last pieces one delta can hold: content, and the reasoning before it."""
    return min(len(pieces), 1 if pieces and pieces[-1].channel == "reasoning" else 2)


def _is_reasoning(piece: Piece) -> bool:
    return piece.channel == "reasoning" and bool(piece.text)
