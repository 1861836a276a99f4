"""Rewrites answers that consist of separate parts, each with its own end, as in Responses and Messages."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final

from prompt_policy.wire.answers.chat import Channel, ChoiceKey, TextFilter
from prompt_policy.wire.answers.offsets import OffsetMap
from prompt_policy.wire.values import Json, JsonObject

PartKey = Hashable
"""Identifies a part within an answer."""
# Stream obfuscation is padding, which hides the length of the text.
_PADDING: Final = "obfuscation"
_WHITESPACE: Final = " \t\r\n"


def part_index(value: Json) -> int | None:
    """Return a part's index, or None if it is not an integer (all such parts share one state)."""
    return value if isinstance(value, int) else None


def holds_only(value: JsonObject, keys: Iterable[str]) -> bool:
    """Return whether all other values of an object are null or empty, so that it holds nothing but these keys."""
    return all(inner in (None, "", [], {}) for key, inner in value.items() if key not in keys and key != _PADDING)


@dataclass(slots=True)
class _Segment:
    """Successive pieces of a part's text: the text of an event that opened the part, or its deltas."""

    length: int = 0
    emitted: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Part:
    """The state of a part.

    ``opening`` is the text of the event that opened the part, as long as the deltas may repeat it; ``undecided`` is the
    whitespace that has arrived since, and is not fed yet.
    """

    choice: ChoiceKey
    channel: Channel
    segments: list[_Segment] = field(default_factory=list)
    offsets: OffsetMap = field(default_factory=OffsetMap)
    opening: str = ""
    undecided: str = ""
    begins_segment: bool = True
    first_segment: int = 0  # the segment with which the text begins again; 0: the deltas do not repeat the opening
    is_flushed: bool = True


class PartRewriter:
    """Rewrites each part with filters of its own.

    Reasoning is also reported to the filters of the first content part with text, because restoring a prefill depends
    on it. To those of later content parts, a space is reported as reasoning, because they do not begin the answer.

    The text of an event that opens a part is the first piece of the part, as client libraries read it. Some servers
    repeat it in the deltas. If the deltas begin with the visible text of that event, or it with theirs, they are
    filtered from their beginning again. The complete text then decides which pieces it consists of.
    """

    def __init__(self, filters: TextFilter) -> None:
        self._filters = filters
        self._parts: dict[PartKey, _Part] = {}
        self._counts: dict[Channel, int] = {}
        self._reasoning = ""
        self._beginning: ChoiceKey = 0  # the content part that begins the answer
        self._has_content = False

    def feed(self, key: PartKey, channel: Channel, text: str) -> str:
        """Return the text that the client receives in place of a piece of a part's text."""
        part = self._get_part(key, channel)
        if part.opening:
            arrived = part.undecided + text
            may_repeat = bool(part.opening.strip(_WHITESPACE)) and part.opening.startswith(arrived)
            if may_repeat and not arrived.strip(_WHITESPACE):
                part.undecided, part.is_flushed = arrived, False
                return ""
            text = self._decide_opening(part, text)
        return self._feed(part, text)

    def open(self, key: PartKey, channel: Channel, text: str) -> str:
        """Return the text that the client receives in place of the text in the event that opens a part.

        An event without text opens the part anew if an earlier one opened it with text.
        """
        part = self._get_part(key, channel)
        fed = self._decide_opening(part, text, begins_anew=not text) if part.opening else text
        part.begins_segment = True
        if not fed:
            return ""
        changed = self._feed(part, fed)
        part.begins_segment = True
        part.opening = text
        return changed

    def note_reasoning(self, reasoning: str) -> None:
        """Report reasoning to the filters of the part that begins the answer; their output is discarded."""
        self._reasoning = self._reasoning or reasoning
        self._filters.feed(self._beginning, "reasoning", reasoning)

    def has_started(self, key: PartKey) -> bool:
        """Return whether text of the part has been fed."""
        return key in self._parts and bool(self._parts[key].segments)

    def flush(self, key: PartKey) -> str:
        """Return the buffered text of a part; empty if no text was fed since the last call."""
        part = self._parts.get(key)
        if part is None or part.is_flushed:
            return ""
        undecided = self._feed(part, self._decide_opening(part, "")) if part.undecided else ""
        part.is_flushed = True
        tail = self._filters.flush(part.choice, part.channel)
        part.offsets.record("", tail)
        part.segments[-1].emitted.append(tail)
        return undecided + tail

    def final_text(self, key: PartKey, channel: Channel, text: str) -> str:
        """Return the complete text of a part: the text emitted so far, or ``text`` rewritten if none was fed."""
        if not self.has_started(key):
            self.feed(key, channel, text)
        self.flush(key)
        part = self._parts[key]
        first, length = part.first_segment, 0
        for place in range(len(part.segments) - 1, -1, -1):
            length += part.segments[place].length
            if length == len(text):
                first = place
                break
        return "".join([piece for segment in part.segments[first:] for piece in segment.emitted])

    def get_offsets(self, key: PartKey) -> OffsetMap:
        """Return the map of a part's offsets; an empty one if no text of the part has been fed."""
        return self._parts[key].offsets if key in self._parts else OffsetMap()

    def _feed(self, part: _Part, text: str) -> str:
        changed = self._filters.feed(part.choice, part.channel, text)
        if changed == text:
            part.offsets.advance(len(text))
        else:
            part.offsets.record(text, changed)
        if part.channel == "reasoning":
            self.note_reasoning(text)
        if part.begins_segment:
            part.segments.append(_Segment())
            part.begins_segment = False
        part.segments[-1].length += len(text)
        part.segments[-1].emitted.append(changed)
        part.is_flushed = False
        self._has_content = self._has_content or (part.channel == "content" and bool(text))
        return changed

    def _decide_opening(self, part: _Part, text: str, *, begins_anew: bool = False) -> str:
        """Return the text to feed; before that, begin the part again if the text repeats its opening."""
        opening, arrived = part.opening, part.undecided + text
        part.opening = part.undecided = ""
        is_visible = bool(arrived.strip(_WHITESPACE) and opening.strip(_WHITESPACE))
        if begins_anew or (is_visible and (opening.startswith(arrived) or arrived.startswith(opening))):
            self._begin_again(part)
        return arrived

    def _begin_again(self, part: _Part) -> None:
        """Filter the part from its beginning, with new filters."""
        again: ChoiceKey = (part.channel, self._count(part.channel))
        if part.channel == "content":
            self._open_content(again, begins_answer=part.choice == self._beginning)
        part.choice, part.offsets = again, OffsetMap()
        part.first_segment = len(part.segments)

    def _get_part(self, key: PartKey, channel: Channel) -> _Part:
        """Return the state of a part, whose filters are the number of a content part, or the channel and its number."""
        part = self._parts.get(key)
        if part is None:
            number = self._count(channel)
            choice: ChoiceKey = number if channel == "content" else (channel, number)
            part = self._parts[key] = _Part(choice, channel)
            if channel == "content" and number > 0:
                self._open_content(choice, begins_answer=not self._has_content)
        return part

    def _open_content(self, choice: ChoiceKey, *, begins_answer: bool) -> None:
        """Report to new filters of a content part what precedes it."""
        reasoning = self._reasoning if begins_answer else " "
        if begins_answer:
            self._beginning = choice
        if reasoning:
            self._filters.feed(choice, "reasoning", reasoning)

    def _count(self, channel: Channel) -> int:
        number = self._counts.get(channel, 0)
        self._counts[channel] = number + 1
        return number
