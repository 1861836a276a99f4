"""Server-sent events: bytes in, events out, each with the very bytes that it came as.

The format is the WHATWG HTML standard's, section "Server-sent events": lines end with CR, LF or CRLF, a blank line
ends an event, and an event's data are its ``data:`` lines joined by newlines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

# Atomic, so that one CRLF is never taken for two line ends.
_END: Final = re.compile(rb"(?>\r\n|\n|\r){2}")
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_LONGEST_END: Final = 4


class Event:
    """One event. ``raw`` holds its bytes with the blank line that ends it; ``is_plain``: it is one line of data."""

    __slots__ = ("is_plain", "passes", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.passes = True
        """Whether it goes on as it came. Set it to False and a LF that still belongs to the event is dropped, too."""
        self.is_plain = raw.startswith(b"data:") and raw.find(b"\n") == len(raw) - 2 and b"\r" not in raw

    @property
    def data(self) -> bytes | None:
        """The event's data, or None where it has none: a comment that keeps a connection alive, for one."""
        if self.is_plain:
            return self.raw[5:-2].removeprefix(b" ")
        found = [line[5:].removeprefix(b" ") for line in self._lines() if line.startswith(b"data:")]
        return b"\n".join(found) if found else None

    def with_data(self, data: bytes) -> bytes:
        """Return the bytes of this event with other data, which holds no line end; its other fields stay."""
        if self.is_plain:
            return b"data: " + data + b"\n\n"
        others = [line for line in self._lines() if line and not line.startswith(b"data:")]
        return b"\n".join([*others, b"data: " + data, b"", b""])

    def _lines(self) -> list[bytes]:
        return _LINE_END.split(self.raw)


class Events:
    """Cuts a stream of bytes into events, however it was cut before."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at_cr: Event | None = None  # ended with a CR, the last byte that has come

    def feed(self, data: bytes) -> Iterable[Event]:
        """Return the events that are complete by now; iterate to the end before the next call."""
        # What servers send, one event whole: nothing to hold and nothing to search.
        if (
            not self._held
            and not self._at_cr
            and data.endswith(b"\n\n")
            and data.find(b"\n\n") == len(data) - 2
            and b"\r" not in data
        ):
            return (Event(data),)
        return self._cut(data)

    def _cut(self, data: bytes) -> Iterator[Event]:
        if self._at_cr is not None and data:
            if data.startswith(b"\n"):
                data = data[1:]
                if self._at_cr.passes:
                    yield Event(b"\n")
            self._at_cr = None
        start = max(0, len(self._held) - _LONGEST_END)
        self._held += data
        begun = 0
        event: Event | None = None
        while found := _END.search(self._held, max(start, begun)):
            event = Event(bytes(self._held[begun : found.end()]))
            yield event
            begun = found.end()
        del self._held[:begun]
        if event is not None and not self._held and event.raw.endswith(b"\r"):
            self._at_cr = event

    @property
    def is_between(self) -> bool:
        """Whether the last event is complete and none has begun."""
        return not self._held and self._at_cr is None

    def rest(self) -> bytes:
        """Return what came after the last complete event."""
        return bytes(self._held)
