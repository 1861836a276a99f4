"""The work on one chunk of lines: of requests, or of answers. Both functions can be pickled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from prompt_policy.authoring.batch.files.request_index import RequestIndex
from prompt_policy.authoring.batch.formats import InvalidLineError, parse_answer_line, quote_text
from prompt_policy.authoring.batch.lines import Line
from prompt_policy.authoring.batch.rewriter import REJECTED, LineResult, LineRewriter, reject_line


class ChunkResult(NamedTuple):
    """The results of a chunk.

    Attributes:
        results: each line with its result. Only a rejected line has its bytes, which are not in the result.
        size: the number of bytes of the lines.
        by_position: the number of answers whose request was found by its position.
    """

    results: Sequence[tuple[Line, LineResult]]
    size: int
    by_position: int = 0


RewriteChunk: TypeAlias = Callable[[Sequence[Line]], ChunkResult]


class RequestChunks:
    """Rewrites requests."""

    def __init__(self, rewriter: LineRewriter) -> None:
        self._rewriter = rewriter

    def __call__(self, lines: Sequence[Line]) -> ChunkResult:
        """Return the results of a chunk."""
        return _collect(lines, [self._rewriter.rewrite_request(line.data) for line in lines])


class AnswerChunks:
    """Cleans answers by the policies of their requests."""

    def __init__(self, rewriter: LineRewriter, index: RequestIndex) -> None:
        self._rewriter = rewriter
        self._index = index
        self._by_position = 0

    def __call__(self, lines: Sequence[Line]) -> ChunkResult:
        """Return the results of a chunk."""
        self._by_position = 0
        results = [self._rewrite(line) for line in lines]
        return _collect(lines, results)._replace(by_position=self._by_position)

    def _rewrite(self, line: Line) -> LineResult:
        if not line.position:
            return LineResult("blank", line.data)
        try:
            answer = parse_answer_line(line.data.strip())
            request = self._find_request(answer.custom_id, line.position)
        except InvalidLineError as error:
            return reject_line(str(error))
        return self._rewriter.rewrite_answer(request, line.data, answer)

    def _find_request(self, custom_id: str | None, position: int) -> bytes:
        if custom_id is None:
            self._by_position += 1
            request = self._index.find_by_position(position)
            if request is None:
                raise InvalidLineError(f"there is no request number {position}, to which the answer would belong")
            return request
        found = self._index.find_by_custom_id(custom_id)
        if not found:
            raise InvalidLineError(f"no request has the custom_id {quote_text(custom_id)}")
        if found[0] != found[-1]:
            raise InvalidLineError(f"several requests have the custom_id {quote_text(custom_id)}")
        return found[0]


def _collect(lines: Sequence[Line], results: Sequence[LineResult]) -> ChunkResult:
    pairs = [
        (line if result.status in REJECTED else line._replace(data=b""), result)
        for line, result in zip(lines, results, strict=True)
    ]
    return ChunkResult(pairs, sum(len(line.data) for line in lines))
