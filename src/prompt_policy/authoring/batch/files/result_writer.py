"""Write the results of a run: the lines, the rejected lines, messages, and the counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from prompt_policy.authoring.batch.files.chunks import ChunkResult
from prompt_policy.authoring.batch.files.progress import BatchProgress
from prompt_policy.authoring.batch.files.summary import BatchSummary
from prompt_policy.authoring.batch.lines import Line, split_ending
from prompt_policy.authoring.batch.rewriter import LineResult
from prompt_policy.errors import Problem
from prompt_policy.wire.codec import dump_json

MAX_SHOWN_REJECTS: Final = 20
WriteBytes: TypeAlias = Callable[[bytes], object]


class ResultWriter:
    """Receives the results in the order of the lines.

    Arguments:
        name: the name of the input, for messages.
        write: receives the lines that are not rejected.
        write_reject: receives the lines of the rejects file; None: there is no such file.
        progress: shows the progress and the first rejected lines.
    """

    def __init__(self, name: str, write: WriteBytes, write_reject: WriteBytes | None, progress: BatchProgress) -> None:
        self.summary = BatchSummary()
        self._name = name
        self._write = write
        self._write_reject = write_reject
        self._progress = progress
        self._done_bytes = 0

    def add(self, chunk: ChunkResult) -> None:
        """Write and count the results of a chunk."""
        for line, result in chunk.results:
            self.summary.add(result)
            if result.output is None:
                self._reject(line, result)
            else:
                self._write(result.output)
        self.summary.by_position += chunk.by_position
        self._done_bytes += chunk.size
        self._progress.update(self._done_bytes, self.summary.lines)

    def _reject(self, line: Line, result: LineResult) -> None:
        if self._write_reject is not None:
            self._write_reject(format_reject(line, result))
        if self.summary.rejected <= MAX_SHOWN_REJECTS and result.error is not None:
            self._progress.print(str(Problem(f"{self._name}:{line.number}", 0, 0, "", result.error["message"])))
        elif self.summary.rejected == MAX_SHOWN_REJECTS + 1:
            self._progress.print(f"{self._name}: further rejected lines are only counted")


def format_reject(line: Line, result: LineResult) -> bytes:
    """Return the line of a rejects file: the number, the error, and the text, from which each byte can be restored.

    Bytes that are not UTF-8 are lone surrogates, as in Python's ``surrogateescape``.
    """
    text = split_ending(line.data)[0].decode(errors="surrogateescape")
    return dump_json({"line": line.number, "error": result.error, "text": text}) + b"\n"
