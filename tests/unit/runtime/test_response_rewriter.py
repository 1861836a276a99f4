"""Responses as bytes, complete and streamed."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import InternalError, Pipeline, Refusal
from prompt_policy.runtime import AnswerFilters
from prompt_policy.runtime.response_rewriter import Reply, SSERewriter, rewrite_body
from prompt_policy.wire import Endpoint
from prompt_policy.wire.answers.chat import ChoiceKey
from prompt_policy.wire.endings import create_ending
from tests.support.end_after import EndAfter
from tests.support.policies import chat, policy_of

STRIP = {"kind": "filter_whitespace", "max_blank_lines": 1}
USAGE = {"id": "c", "choices": [], "usage": {"total_tokens": 3}}


def create_filters(*rules: dict[str, Any], **keys: Any) -> AnswerFilters:
    made = Pipeline(policy_of(*(rules or (STRIP,)), **keys)).apply(chat("Hi"), "chat").create_filters()
    assert made is not None
    return made


def chunk(index: int = 0, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def event(value: Any) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def join_events(*chunks: dict[str, Any]) -> bytes:
    return b"".join(event(item) for item in chunks) + b"data: [DONE]\n\n"


def rewrite_stream(data: bytes, places: list[int] | None = None, *, rewriter: AnswerFilters | None = None) -> bytes:
    inside = sorted({place % (len(data) + 1) for place in places or ()})
    answer = SSERewriter(rewriter or create_filters())
    pieces = [data[start:end] for start, end in zip([0, *inside], [*inside, len(data)], strict=True)]
    return b"".join(map(answer.feed, pieces)) + answer.flush()


def read(data: bytes, channel: str = "content", index: int = 0) -> str:
    values = [json.loads(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for value in values for choice in value["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get(channel) or "" for choice in choices)


STREAM = join_events(
    chunk(role="assistant", content=""),
    chunk(content="\n"),
    chunk(content="\n请 Hel"),
    chunk(index=1, reasoning_content="\n\nHm."),
    chunk(content="lo\n\n\n"),
    chunk(index=1, content="\n\n1"),
    chunk(content="\n\nworld\n", finish="stop"),
    USAGE,
)


@given(st.lists(st.integers(0, 2000), max_size=30))
def test_output_does_not_depend_on_chunking(places: list[int]) -> None:
    out = rewrite_stream(STREAM, places)

    assert out == rewrite_stream(STREAM)
    assert read(out) == "请 Hello\n\nworld"
    assert (read(out, "reasoning_content", 1), read(out, index=1)) == ("Hm.", "1")


def test_streamed_and_complete_answers_have_the_same_text() -> None:
    message = {"role": "assistant", "content": "\n\n请 Hello\n\n\n\n\nworld\n"}
    body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()

    whole = json.loads(rewrite_body(body, create_filters()).body)

    assert whole["choices"][0]["message"]["content"] == read(rewrite_stream(STREAM))


def test_unchanged_answer_passes_byte_for_byte() -> None:
    data = (
        b': ping\r\n\r\nevent: x\r\ndata:{"choices" : [{"index":0,"delta":{"content":"Hello"}}]}\r\n\r\n'
        b"data: not json\n\ndata: [1]\n\ndata: [DONE]\n\n: after\n\n"
    )
    body = b'{"choices" : [{"index":0, "message": {"content":"Hello"}}]}'

    assert rewrite_stream(data) == data
    assert rewrite_body(body, create_filters()) == Reply(200, body)


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"choices": 3}'])
def test_body_of_unknown_format_passes_unchanged(body: bytes) -> None:
    assert rewrite_body(body, create_filters()) == Reply(200, body)


def test_chunk_with_buffered_text_is_dropped_unless_it_holds_more() -> None:
    out = rewrite_stream(join_events(chunk(content="\n"), chunk(content="\n", finish="stop"), USAGE))

    assert out.count(b"finish_reason") == 1
    assert b'"finish_reason":"stop"' in out
    assert event(USAGE) in out


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b""])
def test_buffered_text_precedes_done(end: bytes) -> None:
    keep_trailing = {**STRIP, "trailing": "keep"}
    data = event(chunk(content="Hello\n\n")) + event(chunk(finish="stop")) + end

    out = rewrite_stream(data, rewriter=create_filters(keep_trailing))

    assert read(out) == "Hello\n\n"
    assert out.endswith(end)


def test_events_after_done_pass_unchanged() -> None:
    keep_trailing = {**STRIP, "trailing": "keep"}
    after = b"data: [DONE]\n\n" + event(chunk(content="\n\n\n\nHello")) + b"data: [DONE]\n\n"

    out = rewrite_stream(
        event(chunk(content="Hello\n")) + b"data: [DONE]\n\n" + after, rewriter=create_filters(keep_trailing)
    )

    assert out.endswith(b"data: [DONE]\n\n" + after)
    assert read(out.removesuffix(after)) == "Hello\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("end_of_other", [b"\n", b"\r\n", b"\r"])
def test_output_does_not_depend_on_chunking_for_any_line_end(end: bytes, end_of_other: bytes) -> None:
    values = [
        chunk(content="\n"),
        chunk(content="\nA"),
        chunk(content="B"),
        chunk(content="\n\n\n"),
        chunk(content="C"),
    ]
    written = [f"data: {json.dumps(value)}".encode() + end + end for value in values]
    data = end_of_other.join([b"", *written, b": ping" + end, b"data: [DONE]" + end, b""])

    assert {rewrite_stream(data, [at]) for at in range(len(data))} == {rewrite_stream(data)}


@pytest.mark.parametrize("depth", range(900, 1000))
@pytest.mark.parametrize("content", ["\\nHello", "Hello\\n"])
def test_too_deeply_nested_answer_passes_unchanged(content: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    body = f'{{"choices":[{{"index":0,"message":{{"content":"{content}"}}}}],"x":{deep}}}'.encode()
    data = b"data: " + body.replace(b"message", b"delta") + b"\n\n"
    keep_trailing = {**STRIP, "trailing": "keep"}

    assert rewrite_body(body, create_filters()).status == 200
    assert deep.encode() in rewrite_stream(data, rewriter=create_filters(keep_trailing))


@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"choices":' * 200_000])
def test_answer_beyond_parser_depth_passes_unchanged(deep: bytes) -> None:
    data = b"data: " + deep + b"\n\n"

    assert rewrite_body(deep, create_filters()).body is deep
    assert rewrite_stream(data) == data


def test_flush_emits_an_unfinished_event() -> None:
    assert rewrite_stream(event(chunk(content="Hello")) + b"data: {") == event(chunk(content="Hello")) + b"data: {"


def test_server_error_event_passes_unchanged() -> None:
    data = event(chunk(content="Hello")) + event({"error": {"message": "gone"}})

    assert rewrite_stream(data) == data


def test_buffered_text_precedes_a_server_error_once() -> None:
    error = event({"error": {"message": "out of memory", "code": 500}})
    data = event(chunk(content="Hello\n\n\n")) + error + b"data: [DONE]\n\n" * 2

    out = rewrite_stream(data, rewriter=create_filters({**STRIP, "trailing": "keep"}))

    assert out.endswith(error + b"data: [DONE]\n\n" * 2)
    assert read(out.replace(error, b"")) == "Hello\n\n"


@pytest.mark.parametrize(
    ("endpoint", "broken_off"),
    [
        (
            "messages",
            [
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi\n"}},
            ],
        ),
        ("responses", [{"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi\n"}]),
    ],
)
def test_events_at_the_end_of_a_broken_stream_are_named_after_their_type(endpoint: Any, broken_off: list[Any]) -> None:
    answer = SSERewriter(create_filters({**STRIP, "trailing": "keep"}), endpoint)
    answer.feed(b"".join(map(event, broken_off)))

    [added] = answer.flush().decode().removesuffix("\n\n").split("\n\n")

    name, data = added.split("\n")
    assert name == f"event: {json.loads(data[6:])['type']}"


def test_without_filters_everything_passes_unchanged() -> None:
    answer = SSERewriter(None)

    assert (answer.feed(b"dat"), answer.flush()) == (b"dat", b"")


class BrokenFilters(AnswerFilters):
    """Filters that fail."""

    def __init__(self) -> None:
        super().__init__((), lambda _: None)

    def feed(self, choice: ChoiceKey, channel: Any, text: str) -> str:
        raise InternalError("broken")

    def rewrite_whole(self, choice: ChoiceKey, create_filters: Any) -> Any:
        raise InternalError("broken")


def test_internal_error_ends_the_stream_with_an_error_event() -> None:
    answer = SSERewriter(BrokenFilters())

    out = answer.feed(STREAM) + answer.feed(STREAM) + answer.flush()

    assert json.loads(out.split(b"\n")[0][6:])["error"]["code"] == "policy_fault"
    assert out.endswith(b"\n\ndata: [DONE]\n\n")
    assert b"Hel" not in out


def test_internal_error_in_complete_answer_is_http_500() -> None:
    body = json.dumps({"choices": [{"index": 0, "message": {"content": "x"}}]}).encode()

    assert rewrite_body(body, BrokenFilters()).status == 500


def test_error_response_asks_clients_not_to_retry() -> None:
    reply = Reply.from_error(Refusal("no", param="temperature"), {"x-prompt-policy": "p@1"})

    assert (reply.status, reply.headers["x-should-retry"], reply.headers["x-prompt-policy"]) == (400, "false", "p@1")
    assert json.loads(reply.body)["error"] == {
        "message": "no",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "policy_violation",
    }


PIECES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["content", "reasoning"]), st.text('ab "\\\n\t `请', max_size=4)),
    max_size=12,
)


@given(pieces=PIECES)
def test_cached_template_gives_the_same_output_as_parsing(pieces: list[tuple[int, str, str]]) -> None:
    events = [event(chunk(index, **{key: text})) for index, key, text in pieces]
    one_by_one = SSERewriter(create_filters())

    out = b"".join(map(one_by_one.feed, events)) + one_by_one.flush()

    together = rewrite_stream(b"".join(events))
    assert [json.loads(line[6:]) for line in out.split(b"\n") if line] == [
        json.loads(line[6:]) for line in together.split(b"\n") if line
    ]


def create_endable(limit: int, endpoint: Endpoint = "chat", choices: int = 1, *rules: dict[str, Any]) -> SSERewriter:
    return SSERewriter(create_filters(*rules), endpoint, create_ending(endpoint, EndAfter(limit), choices))


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds)]


ENDED = join_events(*[chunk(content=text) for text in ("Hel", "lo", " wor\n", "ld", "!")], chunk(finish="length"))


@given(places=st.lists(st.integers(0, 10**6), max_size=30))
def test_ended_stream_is_complete_whatever_the_chunks_of_bytes(places: list[int]) -> None:
    rewriter = create_endable(8)
    out = b"".join(map(rewriter.feed, cut_at(ENDED + b"data: [DONE]\n\n: late\n\n", places))) + rewriter.flush()

    assert rewriter.is_finished
    assert read(out) == "Hello wo"
    assert out.endswith(b"data: [DONE]\n\n")
    last = json.loads(out.split(b"\n\n")[-3][6:])["choices"][0]
    assert (last["finish_reason"], last["delta"]) == ("stop", {})
    assert rewriter.feed(event(chunk(content="late"))) == b""


def test_buffered_text_precedes_the_end() -> None:
    tidy = {"kind": "filter_whitespace", "trailing": "keep", "max_blank_lines": 1}
    rewriter = create_endable(8, "chat", 1, tidy)
    out = b"".join(rewriter.feed(event(chunk(content=text))) for text in ("Hello", "\n\n", "\n\n", "more"))

    assert read(out) == "Hello\n\n"
    assert json.loads(out.split(b"\n\n")[-3][6:])["choices"][0]["finish_reason"] == "stop"


@given(pieces=PIECES, limit=st.integers(1, 30))
def test_cached_template_ends_a_stream_as_parsing_does(pieces: list[tuple[int, str, str]], limit: int) -> None:
    events = [event(chunk(index, **{key: text})) for index, key, text in pieces]
    one_by_one, together = create_endable(limit, "chat", 2), create_endable(limit, "chat", 2)

    out = b"".join(map(one_by_one.feed, events)) + one_by_one.flush()
    parsed = together.feed(b"".join(events)) + together.flush()

    assert one_by_one.is_finished is together.is_finished
    for index in (0, 1):
        for channel in ("content", "reasoning"):
            assert read(out, channel, index) == read(parsed, channel, index)


def test_unchanged_events_before_the_end_pass_byte_for_byte() -> None:
    events = [event(chunk(content=text)) for text in ("Hello", " world", "!")]
    rewriter = create_endable(100)
    assert [rewriter.feed(each) for each in events] == events
    assert not rewriter.is_finished


def test_message_ends_with_named_events() -> None:
    rewriter = create_endable(4, "messages")
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}
    out = rewriter.feed(b"event: content_block_delta\n" + event(delta))
    names = [line[7:] for line in out.decode().splitlines() if line.startswith("event: ")]
    kinds = [json.loads(line[6:])["type"] for line in out.decode().splitlines() if line.startswith("data: ")]
    assert names == kinds == ["content_block_delta", "content_block_stop", "message_delta", "message_stop"]
    assert rewriter.is_finished
    assert b"[DONE]" not in out


def test_text_completion_ends_with_done() -> None:
    rewriter = create_endable(4, "completions")
    out = rewriter.feed(event({"object": "text_completion", "choices": [{"index": 0, "text": "Hello"}]}))
    assert [json.loads(line[6:])["choices"][0]["text"] for line in out.decode().split("\n\n")[:2]] == ["Hell", ""]
    assert out.endswith(b"data: [DONE]\n\n")


def test_offsets_count_the_text_that_passed_without_being_parsed() -> None:
    texts = ["\n\nOne", " two", " 三", " four", ".\n\n\n\n", "Five", " six", " 七", " eight"]
    words = ["four", "eight"]
    notes = [{"type": "url_citation", "start_index": "".join(texts).index(word)} for word in words]
    answer = SSERewriter(create_filters())

    out = b"".join([answer.feed(event(chunk(content=text))) for text in texts])
    last = answer.feed(event(chunk(content="", annotations=notes)))

    content = read(out)
    assert content == "One two 三 four.\n\nFive six 七 eight"
    shifted = json.loads(last[6:])["choices"][0]["delta"]["annotations"]
    assert [note["start_index"] for note in shifted] == [content.index(word) for word in words]
