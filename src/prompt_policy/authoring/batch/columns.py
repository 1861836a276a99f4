"""Functions for ``map_batches`` and ``map`` of Ray Data and similar libraries: columns of JSON texts.

The texts are lines as ``prompt-policy apply`` reads them. Nested columns are not accepted: their libraries give each
row the keys of all rows, so that an absent parameter becomes null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prompt_policy.authoring.batch.rewriter import LineResult, LineRewriter
from prompt_policy.errors import UsageError


class RequestColumn:
    """Rewrites a column of requests. Takes a batch, a mapping of columns, or a row. May be pickled.

    Arguments:
        rewriter: the policies; see ``create_rewriter``.
        column: the column with the requests, as JSON texts.
        error_column: a new column with the reason why a request is rejected; null for all others. The request itself
            becomes null.
    """

    def __init__(self, rewriter: LineRewriter, column: str = "text", error_column: str = "policy_error") -> None:
        self.rewriter = rewriter
        self.column = column
        self.error_column = error_column

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new batch or row; the given one is not changed."""
        results = [self.rewriter.rewrite_request(_encode(text)) for text in _list_texts(batch, self.column)]
        return _replace_column(batch, self.column, self.error_column, results)


class AnswerColumn:
    """Cleans a column of answers by the policies of their requests. Takes a batch or a row. May be pickled.

    Arguments:
        rewriter: the policies; see ``create_rewriter``.
        requests: the column with the requests as they were before ``RequestColumn``.
        column: the column with the answers.
        error_column: a new column with the reason why an answer is rejected; null for all others.
    """

    def __init__(
        self, rewriter: LineRewriter, requests: str, column: str = "text", error_column: str = "policy_error"
    ) -> None:
        self.rewriter = rewriter
        self.requests = requests
        self.column = column
        self.error_column = error_column

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new batch or row; the given one is not changed."""
        pairs = zip(_list_texts(batch, self.requests), _list_texts(batch, self.column), strict=True)
        results = [self.rewriter.rewrite_answer(_encode(request), _encode(answer)) for request, answer in pairs]
        return _replace_column(batch, self.column, self.error_column, results)


def _list_texts(batch: Mapping[str, Any], column: str) -> Sequence[Any]:
    if column not in batch:
        raise UsageError(f"there is no column '{column}'; the columns are {', '.join(map(repr, batch))}")
    value = batch[column]
    return [value] if isinstance(value, str | bytes) else list(value)


def _encode(text: Any) -> bytes:  # noqa: ANN401 - a value of the caller's data
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise UsageError(f"expected JSON texts, got {type(text).__name__}; read the file as lines of text")
    return text.encode(errors="surrogatepass")


def _replace_column(
    batch: Mapping[str, Any], column: str, error_column: str, results: Sequence[LineResult]
) -> dict[str, Any]:
    texts = [None if result.output is None else result.output.decode(errors="surrogatepass") for result in results]
    errors = [None if result.error is None else str(result.error["message"]) for result in results]
    if isinstance(batch[column], str | bytes):
        return {**batch, column: texts[0], error_column: errors[0]}
    return {**batch, column: texts, error_column: errors}
