"""One run of ``prompt-policy apply``: open the files, apply the policies, and write all files or none."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from prompt_policy.authoring.batch.files.chunks import AnswerChunks, RequestChunks, RewriteChunk
from prompt_policy.authoring.batch.files.output import write_atomically
from prompt_policy.authoring.batch.files.processes import map_chunks
from prompt_policy.authoring.batch.files.progress import is_bar_visible, show_progress
from prompt_policy.authoring.batch.files.request_index import RequestIndex, build_index
from prompt_policy.authoring.batch.files.result_writer import ResultWriter, WriteBytes
from prompt_policy.authoring.batch.files.summary import BatchSummary
from prompt_policy.authoring.batch.lines import Line, chunk_lines, read_lines
from prompt_policy.authoring.batch.rewriter import LineRewriter
from prompt_policy.errors import UsageError
from prompt_policy.policy.inheritance import STDIN

_STDIN_NAME: Final = "<stdin>"


@dataclass(frozen=True)
class BatchJob:
    """The files of one run.

    Attributes:
        rewriter: the policies.
        source: the file with the lines; ``-``: standard input.
        answers: the file with the requests, if the lines are answers.
        output: the file for the lines; None: standard output.
        rejects: the file for rejected lines; None: they are only reported.
        jobs: the number of processes.
    """

    rewriter: LineRewriter
    source: str
    answers: Path | None = None
    output: Path | None = None
    rejects: Path | None = None
    jobs: int = 1

    @property
    def source_name(self) -> str:
        """The name of the file with the lines, for messages."""
        return _STDIN_NAME if self.source == STDIN else self.source


def run_job(job: BatchJob) -> BatchSummary:
    """Do a run, and return the counts. The files appear when it is complete.

    Raise UsageError if a file cannot be read or written, and BrokenPipeError if standard output is closed.
    """
    with ExitStack() as stack:
        source = stack.enter_context(_open_source(job.source))
        index = stack.enter_context(_open_index(job.answers, job.rewriter))
        output = stack.enter_context(_open_output(job.output))
        rejects = stack.enter_context(_open_output(job.rejects)) if job.rejects is not None else None
        visible = is_bar_visible(writes_to_standard_output=job.output is None)
        progress = stack.enter_context(show_progress(_find_size(source), is_shown=visible))
        writer = ResultWriter(job.source_name, output, rejects, progress)
        rewrite: RewriteChunk = RequestChunks(job.rewriter) if index is None else AnswerChunks(job.rewriter, index)
        chunks = map_chunks(rewrite, chunk_lines(_read_source(source, job.source_name)), job.jobs)
        for result in stack.enter_context(closing(chunks)):
            writer.add(result)
        summary = writer.summary
        summary.requests = None if index is None else index.count()
        return summary


@contextmanager
def _open_source(source: str) -> Iterator[BinaryIO]:
    if source == STDIN:
        if sys.stdin.isatty():
            raise UsageError("there are no lines; name a file after the policies, or pipe one into the command")
        yield sys.stdin.buffer
        return
    try:
        stream = Path(source).open("rb")  # noqa: SIM115 - the next statement closes it; the block has errors of its own
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from None
    with stream:
        yield stream


@contextmanager
def _open_index(requests: Path | None, rewriter: LineRewriter) -> Iterator[RequestIndex | None]:
    if requests is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="prompt-policy-") as folder:
        index = build_index(requests, Path(folder, "requests.sqlite"), rewriter)
        try:
            yield index
        finally:
            index.close()


@contextmanager
def _open_output(path: Path | None) -> Iterator[WriteBytes]:
    """Open a file, or standard output; yield the function that writes. Raise UsageError if it cannot be written."""
    name = str(path or "standard output")

    def write(data: bytes) -> None:
        try:
            stream.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UsageError(f"{name} cannot be written: {error.strerror}") from None

    try:
        with nullcontext(sys.stdout.buffer) if path is None else write_atomically(path) as stream:
            yield write
            stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}") from None


def _read_source(stream: BinaryIO, name: str) -> Iterator[Line]:
    try:
        yield from read_lines(stream, name)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None


def _find_size(stream: BinaryIO) -> int | None:
    """Return the size of a regular file, or None."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:  # a stream of a test, which has no file
        return None
    return status.st_size or None
