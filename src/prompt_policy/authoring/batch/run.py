"""Apply policies to the lines of a stream, and write the lines, the rejected lines, and the counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO

from prompt_policy.authoring.batch.chunks import RewriteChunk
from prompt_policy.authoring.batch.lines import Line, chunk_lines, split_ending
from prompt_policy.authoring.batch.processes import map_chunks
from prompt_policy.authoring.batch.progress import BatchProgress
from prompt_policy.authoring.batch.rewriter import LineResult
from prompt_policy.authoring.batch.summary import BatchSummary
from prompt_policy.wire.codec import dump_json


def rewrite_lines(
    rewrite: RewriteChunk,
    lines: Iterable[Line],
    output: IO[bytes],
    *,
    on_reject: Callable[[Line, LineResult], None],
    progress: BatchProgress,
    jobs: int = 1,
) -> BatchSummary:
    """Write the rewritten lines in their order, and return the counts. Memory does not grow with the lines.

    Arguments:
        rewrite: the work on a chunk; can be pickled if there are several processes.
        lines: the lines to read.
        output: receives all lines that are not rejected.
        on_reject: receives each rejected line.
        progress: shows the number of bytes and of lines after each chunk.
        jobs: the number of processes.

    Raise OSError if the output cannot be written, and UsageError if a line is too long or a process ends.
    """
    summary = BatchSummary()
    size = 0
    for chunk in map_chunks(rewrite, chunk_lines(lines), jobs):
        for line, result in chunk.results:
            summary.add(result)
            if result.output is None:
                on_reject(line, result)
            else:
                output.write(result.output)
        summary.by_position += chunk.by_position
        size += chunk.size
        progress.update(size, summary.lines)
    return summary


def format_reject(line: Line, result: LineResult) -> bytes:
    """Return the line of a rejects file: the number, the error, and the text, from which each byte can be restored.

    Bytes that are not UTF-8 are lone surrogates, as in Python's ``surrogateescape``.
    """
    text = split_ending(line.data)[0].decode(errors="surrogateescape")
    return dump_json({"line": line.number, "error": result.error, "text": text}) + b"\n"
