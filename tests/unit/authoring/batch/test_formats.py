"""The formats of a line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy.authoring.batch.formats import InvalidLineError, parse_answer_line, parse_request_line, quote_text
from tests.support.policies import chat

BODY = chat("Hi")


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def batch(**keys: Any) -> bytes:
    return dump({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": BODY, **keys})


def test_a_plain_body_is_a_request() -> None:
    request = parse_request_line(dump(BODY))
    assert (request.endpoint, request.body, request.custom_id) == ("chat", BODY, None)
    assert request.replace_body({"model": "m"}) == {"model": "m"}


def test_the_endpoint_of_a_plain_body_can_be_set() -> None:
    assert parse_request_line(dump(BODY), "messages").endpoint == "messages"


def test_a_line_of_a_batch_file_wraps_its_body() -> None:
    request = parse_request_line(batch(extra=1))
    assert (request.endpoint, request.body, request.custom_id) == ("chat", BODY, "a")
    changed = request.replace_body({"model": "m"})
    assert list(changed) == ["custom_id", "method", "url", "body", "extra"]
    assert changed["body"] == {"model": "m"}
    assert request.wrapper is not None
    assert request.wrapper["body"] == BODY


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("/v1/responses", "responses"),
        ("https://host/v1/completions?x=1", "completions"),
        ("/v1/embeddings", None),
        ("/v1/score", None),
        ("", None),
    ],
)
def test_the_url_decides_on_the_endpoint(url: str, endpoint: str | None) -> None:
    assert parse_request_line(batch(url=url)).endpoint == endpoint


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"broken", "expected one JSON object"),
        (b"[]", "expected one JSON object"),
        (b"{} {}", "expected one JSON object"),
        (b'{"model": "\xff"}', "not UTF-8: invalid start byte at byte 12; convert the file"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (dump({"model": "m"}), "neither messages nor input nor prompt"),
        (batch(custom_id=None), "no custom_id"),
        (batch(custom_id=7), "no custom_id"),
        (batch(body="x"), "no body"),
        (batch(url=None), "no url"),
        (batch(url="http://["), "is not a URL"),
    ],
)
def test_an_invalid_request_has_a_reason(data: bytes, message: str) -> None:
    with pytest.raises(InvalidLineError, match=message):
        parse_request_line(data)


def test_an_answer_of_a_batch_file_wraps_its_body() -> None:
    line = {"id": "1", "custom_id": "a", "response": {"status_code": 200, "body": {"choices": []}}, "error": None}
    answer = parse_answer_line(dump(line))
    assert (answer.body, answer.custom_id) == ({"choices": []}, "a")
    assert answer.replace_body({"x": 1}) == {**line, "response": {"status_code": 200, "body": {"x": 1}}}


@pytest.mark.parametrize(
    "keys",
    [
        {"response": None, "error": {"message": "no"}},
        {"response": {"status_code": 400, "body": {"error": {}}}},
        {"response": {"status_code": 200, "body": None}},
        {"response": "x"},
        {},
    ],
)
def test_a_failed_request_has_no_answer(keys: dict[str, Any]) -> None:
    assert parse_answer_line(dump({"custom_id": "a", **keys})).body is None


def test_a_plain_answer_is_its_own_body() -> None:
    answer = parse_answer_line(b'{"choices": []}')
    assert (answer.body, answer.custom_id, answer.replace_body({"x": 1})) == ({"choices": []}, None, {"x": 1})


def test_an_identifier_of_an_answer_is_a_text() -> None:
    with pytest.raises(InvalidLineError, match="is not a text"):
        parse_answer_line(b'{"custom_id": 1}')


def test_a_long_text_is_shortened_and_quoted() -> None:
    assert quote_text("a\n") == r"'a\n'"
    assert len(quote_text("x" * 1000)) < 110
