"""Responses of each API, whole and streamed.

Every level of a stream is rewritten by an object with the same two methods, ``feed`` and ``flush``: bytes by
``runtime.response_rewriter.SSERewriter``, parsed events by one rewriter for each API in this package.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

Piece_contra = TypeVar("Piece_contra", contravariant=True)
Rewritten_co = TypeVar("Rewritten_co", covariant=True)


class StreamRewriter(Protocol[Piece_contra, Rewritten_co]):
    """Rewrites a stream piece by piece. The joined output does not depend on how the stream was cut."""

    def feed(self, piece: Piece_contra, /) -> Rewritten_co:
        """Return the output that is ready after ``piece``; the piece itself if nothing changes."""

    def flush(self) -> Rewritten_co:
        """Return the buffered output; call it once, at the end of the stream."""
