"""Laws that hold for each rewritten stream, whatever its endpoint; each compares what arrived with what was emitted."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, TypeAlias

from prompt_policy.runtime import AnswerFilters
from prompt_policy.runtime.response_rewriter import SSERewriter
from prompt_policy.wire import Endpoint
from prompt_policy.wire.answers import StreamRewriter
from tests.properties.streams.texts import SPACE

Event: TypeAlias = dict[str, Any]
EventRewriter: TypeAlias = StreamRewriter[Event, list[Event]]
ReadText: TypeAlias = Callable[[Event], str]
"""Return the text that an event adds to the answer."""
_SPACE: Final = str.maketrans("", "", SPACE)


def remove_space(text: str) -> str:
    """Return the characters that no filter of whitespace may remove."""
    return text.translate(_SPACE)


def rewrite_events(rewriter: EventRewriter, events: Iterable[Event]) -> list[list[Event]]:
    """Return the events that are emitted for each event, and those at the end."""
    return [*[[*rewriter.feed(event)] for event in events], [*rewriter.flush()]]


def rewrite_bytes(
    filters: AnswerFilters, endpoint: Endpoint, events: Sequence[Event], rng: random.Random
) -> list[Event]:
    """Return the events that a client reads if the stream's bytes are cut anywhere."""
    data = b"".join(f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
    places = sorted(rng.randrange(len(data) + 1) for _ in range(rng.choice((0, 3, 30))))
    rewriter = SSERewriter(filters, endpoint)
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    out = b"".join([rewriter.feed(piece) for piece in pieces]) + rewriter.flush()
    return [json.loads(line[6:]) for line in out.split(b"\n") if line.startswith(b"data: ")]


def compress_kinds(events: Iterable[Event]) -> list[str]:
    """Return the types of events, each run of one type once."""
    return [kind for kind, _ in groupby(str(event.get("type")) for event in events)]


def is_subsequence(part: Iterable[Any], whole: Iterable[Any]) -> bool:
    """Return whether ``whole`` contains the elements of ``part`` in their order."""
    rest: Iterator[Any] = iter(whole)
    return all(any(element == other for other in rest) for element in part)


def check_no_delay(arrived: Sequence[Event], emitted: Sequence[list[Event]], opening: str, read: ReadText) -> None:
    """Assert that each event's visible characters are emitted at once, and no others but those of an opening.

    A text may be the beginning of the opening. Until that is certain, it is buffered, or emitted as its beginning.
    """
    start, before, after = remove_space(opening), "", ""
    for events, out in zip([*([each] for each in arrived), []], emitted, strict=True):
        before += remove_space("".join(map(read, events)))
        after += remove_space("".join(map(read, out)))
        if after == before:
            before = after = before[max(len(before) - len(start), 0) :]
        elif any(after == before[:place] + start + before[place:] for place in range(len(before) + 1)):
            before = after = ""
        else:
            assert before.startswith(after), events
            assert start.startswith(before[len(after) :]), events
    assert before == after
