"""Server-sent events: a decoder that preserves the exact bytes of each event.

The format is defined in the WHATWG HTML standard, section "Server-sent events": lines end with CR, LF or CRLF, a blank
line ends an event, and an event's data is its ``data:`` lines joined by newlines. Libraries such as httpx-sse discard
the original bytes, which this decoder needs to pass unchanged events through byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

# The atomic group keeps one CRLF from being counted as two line ends.
_EVENT_END: Final = re.compile(rb"(?>\r\n|\n|\r){2}")
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_MAX_EVENT_END_BYTES: Final = 4


class ServerSentEvent:
    """One event. ``raw`` holds its bytes, including the blank line that ends it.

    ``is_single_line`` is true if the event is one ``data:`` line and nothing else.
    """

    __slots__ = ("forward_raw", "is_single_line", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.forward_raw = True
        """Whether the event is passed on unchanged. If not, an LF that completes its final CRLF is dropped as well."""
        self.is_single_line = raw.startswith(b"data:") and raw.find(b"\n") == len(raw) - 2 and b"\r" not in raw

    @property
    def data(self) -> bytes | None:
        """The event's data, or None if it has no ``data:`` line, as in a keep-alive comment."""
        if self.is_single_line:
            return self.raw[5:-2].removeprefix(b" ")
        found = [line[5:].removeprefix(b" ") for line in self._lines() if line.startswith(b"data:")]
        return b"\n".join(found) if found else None

    def with_data(self, data: bytes) -> bytes:
        """Return the event's bytes with other data, which must not contain a line end; other fields are kept."""
        if self.is_single_line:
            return b"data: " + data + b"\n\n"
        others = [line for line in self._lines() if line and not line.startswith(b"data:")]
        return b"\n".join([*others, b"data: " + data, b"", b""])

    def _lines(self) -> list[bytes]:
        return _LINE_END.split(self.raw)


class SSEDecoder:
    """Splits a byte stream into events, regardless of how the stream is chunked."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._trailing_cr: ServerSentEvent | None = None  # the event whose final CR is the last byte received

    def feed(self, data: bytes) -> Iterable[ServerSentEvent]:
        """Return the events that are complete after ``data``; exhaust the result before the next call."""
        # Servers usually send one whole event at a time, which needs neither buffering nor searching.
        if (
            not self._buffer
            and not self._trailing_cr
            and data.endswith(b"\n\n")
            and data.find(b"\n\n") == len(data) - 2
            and b"\r" not in data
        ):
            return (ServerSentEvent(data),)
        return self._split(data)

    def _split(self, data: bytes) -> Iterator[ServerSentEvent]:
        if self._trailing_cr is not None and data:
            if data.startswith(b"\n"):
                data = data[1:]
                if self._trailing_cr.forward_raw:
                    yield ServerSentEvent(b"\n")
            self._trailing_cr = None
        search_from = max(0, len(self._buffer) - _MAX_EVENT_END_BYTES)
        self._buffer += data
        start = 0
        event: ServerSentEvent | None = None
        while found := _EVENT_END.search(self._buffer, max(search_from, start)):
            event = ServerSentEvent(bytes(self._buffer[start : found.end()]))
            yield event
            start = found.end()
        del self._buffer[:start]
        if event is not None and not self._buffer and event.raw.endswith(b"\r"):
            self._trailing_cr = event

    @property
    def at_event_boundary(self) -> bool:
        """Whether the last event is complete and no other has started."""
        return not self._buffer and self._trailing_cr is None

    def flush(self) -> bytes:
        """Return the bytes after the last complete event."""
        return bytes(self._buffer)
