"""The formats of a line: a plain body, or a line of OpenAI's batch files, which vLLM's ``run-batch`` reads too."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from prompt_policy.errors import PromptPolicyError
from prompt_policy.runtime.exchange import match_endpoint
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.requests.detect import detect_endpoint

_OK: Final = 200
_REQUEST_KEYS: Final = frozenset({"body", "url", "method"})
_MAX_SHOWN_CHARS: Final = 100


class InvalidLineError(PromptPolicyError):
    """A line that is neither a body nor a line of a batch file; the message is a clause without the place."""


class RequestLine(NamedTuple):
    """A request.

    Attributes:
        body: the body of the request.
        endpoint: its endpoint; None: policies do not act on its ``url``.
        custom_id: its identifier in a batch file; None: a plain body.
        wrapper: the whole line of a batch file, whose ``body`` is the body; None: a plain body.
    """

    body: JsonObject
    endpoint: Endpoint | None
    custom_id: str | None = None
    wrapper: JsonObject | None = None

    def replace_body(self, body: JsonObject) -> JsonObject:
        """Return the line with another body."""
        return body if self.wrapper is None else {**self.wrapper, "body": body}


class AnswerLine(NamedTuple):
    """An answer.

    Attributes:
        body: the body of the answer; None: the request failed, so there is no answer.
        custom_id: the identifier of its request in a batch file; None: a plain body.
        wrapper: the whole line of a batch file; None: a plain body.
    """

    body: JsonObject | None
    custom_id: str | None = None
    wrapper: JsonObject | None = None

    def replace_body(self, body: JsonObject) -> JsonObject:
        """Return the line with another body."""
        if self.wrapper is None:
            return body
        return {**self.wrapper, "response": {**self.wrapper["response"], "body": body}}


def parse_request_line(data: bytes, endpoint: Endpoint | None = None) -> RequestLine:
    """Parse a request.

    Arguments:
        data: the line.
        endpoint: the endpoint of plain bodies; None: detected from the body.

    Raise InvalidLineError if it is not a request.
    """
    value = _load_object(data)
    if _REQUEST_KEYS.isdisjoint(value):
        found = endpoint or detect_endpoint(value)
        if found is None:
            raise InvalidLineError("unknown kind of request; it has neither messages nor input nor prompt")
        return RequestLine(value, found)
    custom_id, body, url = value.get("custom_id"), value.get("body"), value.get("url")
    if not isinstance(custom_id, str):
        raise InvalidLineError("the line of a batch file has no custom_id; add one, as text")
    if not isinstance(body, dict):
        raise InvalidLineError("the line of a batch file has no body; add one, as an object")
    if not isinstance(url, str):
        raise InvalidLineError("the line of a batch file has no url; add one, such as /v1/chat/completions")
    return RequestLine(body, match_endpoint(_parse_path(url)), custom_id, value)


def parse_answer_line(data: bytes) -> AnswerLine:
    """Parse an answer. Raise InvalidLineError if it is not one."""
    value = _load_object(data)
    if "custom_id" not in value:
        return AnswerLine(value)
    custom_id, response = value["custom_id"], value.get("response")
    if not isinstance(custom_id, str):
        raise InvalidLineError("the custom_id of the answer is not a text")
    body = response.get("body") if isinstance(response, dict) and response.get("status_code", _OK) == _OK else None
    return AnswerLine(body if isinstance(body, dict) else None, custom_id, value)


def quote_text(text: str) -> str:
    """Return a text of a file as it is shown in messages."""
    return repr(text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…")


def _load_object(data: bytes) -> JsonObject:
    try:
        value = load_json(data)
    except RecursionError:
        raise InvalidLineError("the JSON is nested too deeply; reduce the nesting") from None
    if isinstance(value, dict):
        return value
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise InvalidLineError(f"not UTF-8: {error.reason} at byte {error.start + 1}; convert the file") from None
    raise InvalidLineError("expected one JSON object")


def _parse_path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        raise InvalidLineError(f"{quote_text(url)} is not a URL; write a path such as /v1/chat/completions") from None
