"""UnwrapJson: a client that requests JSON reads JSON, without a code fence around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.runtime.response_rewriter import SSERewriter, rewrite_body
from prompt_policy.wire import Endpoint
from tests.support.fake_answers import build_answer, build_events
from tests.support.policies import apply, chat, read, reason

RULE = {"kind": "unwrap_json"}
OBJECT = {"response_format": {"type": "json_object"}}
FENCED = '```json\n{"a": 1}\n```'
JSON_FORMATS: list[tuple[Endpoint, dict[str, Any]]] = [
    ("chat", OBJECT),
    ("chat", {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}),
    ("chat", {"structured_outputs": {"json": {"type": "object"}}}),
    ("chat", {"structured_outputs": {"json_object": True}}),
    ("chat", {"guided_json": {"type": "object"}}),
    ("responses", {"text": {"format": {"type": "json_object"}}}),
    ("responses", {"text": {"format": {"type": "json_schema", "schema": {}}}}),
    ("messages", {"output_config": {"format": {"type": "json_schema", "schema": {}}}}),
    ("messages", {"output_format": {"type": "json_schema", "schema": {}}}),
    ("chat", {"json_schema": {"type": "object"}}),
    ("chat", {"format": "json"}),
    ("chat", {"format": {"type": "object"}}),
    ("chat", {"grammar": {"type": "json", "value": {"type": "object"}}}),
    ("chat", {"extra_body": {"guided_json": {"type": "object"}}}),
    ("chat", {"nvext": {"guided_json": {"type": "object"}}}),
]
OTHER_FORMATS: list[dict[str, Any]] = [
    {"response_format": {"type": "regex", "value": "a"}},
    {"response_format": {"type": "structural_tag"}},
    {"response_format": {"type": "grammar", "grammar": "g"}},
    {"structured_outputs": {"choice": ["a"], "json": None}},
    {"guided_regex": "a"},
    {"guided_choice": ["a", "b"]},
    {"guided_grammar": "g"},
    {"regex": "a"},
    {"ebnf": "root ::= a"},
    {"grammar": "root ::= [a-z]+"},
    {"structural_tag": "{}"},
]


def build_body(endpoint: Endpoint, keys: dict[str, Any]) -> dict[str, Any]:
    if endpoint == "responses":
        return {"model": "m", "input": "Hi", **keys}
    return chat("Hi", **keys)


@pytest.mark.parametrize(("endpoint", "keys"), JSON_FORMATS)
def test_the_fence_is_removed_if_the_client_demands_json(endpoint: Endpoint, keys: dict[str, Any]) -> None:
    applied = apply(RULE, build_body(endpoint, keys), endpoint)
    filters = applied.create_filters()
    assert filters is not None
    assert filters.rewrite_whole(0, {"content": FENCED}) == {"content": '{"a": 1}'}


@pytest.mark.parametrize("keys", [{}, {"response_format": {"type": "text"}}, {"response_format": None}])
def test_the_rule_does_not_act_without_a_format(keys: dict[str, Any]) -> None:
    assert apply(RULE, chat("Answer in JSON.", **keys)).create_filters() is None


@pytest.mark.parametrize(
    ("body", "skip_reason"),
    [
        *[(chat("Hi", **keys), "the format is not JSON") for keys in OTHER_FORMATS],
        (chat("Hi", **OBJECT, logprobs=True), "logprobs"),
        (chat("Hi", ("assistant", "```json\n"), **OBJECT), "the client prefilled the answer"),
    ],
)
def test_the_rule_is_skipped_with_a_reason(body: dict[str, Any], skip_reason: str) -> None:
    applied = apply(RULE, body)
    assert applied.create_filters() is None
    assert reason(applied) == skip_reason


def test_the_rule_is_skipped_on_text_completions() -> None:
    assert apply(RULE, {"model": "m", "prompt": "Once", **OBJECT}, "completions").create_filters() is None


def test_reasoning_is_not_changed() -> None:
    applied = apply(RULE, chat("Hi", **OBJECT))
    assert read(applied, ("reasoning", FENCED), FENCED) == {"reasoning": FENCED, "content": '{"a": 1}'}


def test_each_choice_is_unwrapped_by_itself() -> None:
    filters = apply(RULE, chat("Hi", **OBJECT, n=2)).create_filters()
    assert filters is not None
    pieces = ["```json\n{", '{"a": 1}', '"b": 2}\n```', "\n```"]
    out = ["", ""]
    for index, piece in enumerate(pieces):
        out[index % 2] += filters.feed(index % 2, "content", piece)
    assert out == ['{"b": 2}', '{"a": 1}\n```']


@given(cuts=st.lists(st.integers(0, len(FENCED)), max_size=4).map(sorted))
def test_a_streamed_answer_reads_like_a_whole_one(cuts: list[int]) -> None:
    applied = apply(RULE, chat("Hi", **OBJECT))
    pieces = [FENCED[start:end] for start, end in zip([0, *cuts], [*cuts, len(FENCED)], strict=True)]
    assert read(applied, *pieces)["content"] == '{"a": 1}'


FORMATS: dict[Endpoint, dict[str, Any]] = {
    "chat": OBJECT,
    "responses": {"text": {"format": {"type": "json_object"}}},
    "messages": {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
}


@pytest.mark.parametrize("endpoint", FORMATS)
@pytest.mark.parametrize("text", [FENCED, f"{FENCED}\n", '{"a": 1}', FENCED + "\nDone.", "```json", "Sorry."])
def test_each_endpoint_answers_with_the_same_text_whole_and_streamed(endpoint: Endpoint, text: str) -> None:
    body = {**build_body(endpoint, FORMATS[endpoint]), "model": "m"}
    applied = apply(RULE, body, endpoint)
    deltas = [{"content": character} for character in text]
    whole, stream = applied.create_filters(), applied.create_filters()
    assert whole is not None
    rewritten = rewrite_body(json.dumps(build_answer(endpoint, body, deltas)).encode(), whole, endpoint)
    rewriter = SSERewriter(stream, endpoint)
    pieces = [rewriter.feed(event.encode()) for event in build_events(endpoint, body, deltas)]

    expected = {FENCED: '{"a": 1}', f"{FENCED}\n": '{"a": 1}', FENCED + "\nDone.": '{"a": 1}\n```\nDone.'}.get(
        text, text
    )
    assert read_answer(endpoint, json.loads(rewritten.body)) == expected
    assert read_stream(endpoint, b"".join([*pieces, rewriter.flush()])) == expected


def read_answer(endpoint: Endpoint, answer: dict[str, Any]) -> str:
    if endpoint == "chat":
        return str(answer["choices"][0]["message"]["content"])
    content = answer["content"] if endpoint == "messages" else answer["output"][-1]["content"]
    return str(content[0]["text"])


def read_stream(endpoint: Endpoint, stream: bytes) -> str:
    """Return the text of a stream up to the event that ends it, and require that a repeated text agrees."""
    lines = [line.removeprefix(b"data: ") for line in stream.splitlines() if line.startswith(b"data: {")]
    text = ""
    for event in map(json.loads, lines):
        if endpoint == "chat":
            text += event["choices"][0]["delta"].get("content") or "" if event["choices"] else ""
        elif event["type"] == "response.output_text.delta":
            text += event["delta"]
        elif event["type"] == "content_block_delta":
            text += event["delta"]["text"]
        elif event["type"] == "response.output_text.done":
            assert event["text"] == text
    return text
