"""Answers as bytes, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import Fault, Pipeline, Refusal
from prompt_policy.runtime import AnswerTexts
from prompt_policy.runtime.replies import AnswerStream, Reply, whole_reply
from tests.support import chat, policy_of

TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1}
USAGE = {"id": "c", "choices": [], "usage": {"total_tokens": 3}}


def texts(*rules: dict[str, Any], **keys: Any) -> AnswerTexts:
    made = Pipeline(policy_of(*(rules or (TIDY,)), **keys)).apply(chat("Hi"), "chat").answer()
    assert made is not None
    return made


def chunk(index: int = 0, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def event(value: Any) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def stream_of(*chunks: dict[str, Any]) -> bytes:
    return b"".join(event(item) for item in chunks) + b"data: [DONE]\n\n"


def fed(data: bytes, places: list[int] | None = None, *, rewriter: AnswerTexts | None = None) -> bytes:
    inside = sorted({place % (len(data) + 1) for place in places or ()})
    answer = AnswerStream(rewriter or texts())
    pieces = [data[start:end] for start, end in zip([0, *inside], [*inside, len(data)], strict=True)]
    return b"".join(map(answer.feed, pieces)) + answer.end()


def read(data: bytes, channel: str = "content", index: int = 0) -> str:
    values = [json.loads(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for value in values for choice in value["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get(channel) or "" for choice in choices)


STREAM = stream_of(
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
def test_cuts_do_not_change_what_the_client_reads(places: list[int]) -> None:
    out = fed(STREAM, places)

    assert out == fed(STREAM)
    assert read(out) == "请 Hello\n\nworld"
    assert (read(out, "reasoning_content", 1), read(out, index=1)) == ("Hm.", "1")


def test_streamed_and_whole_are_the_same_text() -> None:
    message = {"role": "assistant", "content": "\n\n请 Hello\n\n\n\n\nworld\n"}
    body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()

    whole = json.loads(whole_reply(body, texts()).body)

    assert whole["choices"][0]["message"]["content"] == read(fed(STREAM))


def test_what_does_not_change_is_handed_on_byte_for_byte() -> None:
    data = (
        b': ping\r\n\r\nevent: x\r\ndata:{"choices" : [{"index":0,"delta":{"content":"Hello"}}]}\r\n\r\n'
        b"data: not json\n\ndata: [1]\n\ndata: [DONE]\n\n: after\n\n"
    )
    body = b'{"choices" : [{"index":0, "message": {"content":"Hello"}}]}'

    assert fed(data) == data
    assert whole_reply(body, texts()) == Reply(200, body)


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"choices": 3}'])
def test_a_body_of_another_form_passes(body: bytes) -> None:
    assert whole_reply(body, texts()) == Reply(200, body)


def test_a_chunk_with_its_text_held_back_waits_unless_it_says_more() -> None:
    out = fed(stream_of(chunk(content="\n"), chunk(content="\n", finish="stop"), USAGE))

    assert out.count(b"finish_reason") == 1
    assert b'"finish_reason":"stop"' in out
    assert event(USAGE) in out


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b""])
def test_text_held_to_the_end_comes_before_done(end: bytes) -> None:
    keeps = {**TIDY, "trailing": "keep"}
    data = event(chunk(content="Hello\n\n")) + event(chunk(finish="stop")) + end

    out = fed(data, rewriter=texts(keeps))

    assert read(out) == "Hello\n\n"
    assert out.endswith(end)


def test_what_comes_after_done_is_nobodys_to_read() -> None:
    keeps = {**TIDY, "trailing": "keep"}
    after = b"data: [DONE]\n\n" + event(chunk(content="\n\n\n\nHello")) + b"data: [DONE]\n\n"

    out = fed(event(chunk(content="Hello\n")) + b"data: [DONE]\n\n" + after, rewriter=texts(keeps))

    assert out.endswith(b"data: [DONE]\n\n" + after)
    assert read(out.removesuffix(after)) == "Hello\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("end_of_other", [b"\n", b"\r\n", b"\r"])
def test_no_cut_shows_whatever_ends_the_lines(end: bytes, end_of_other: bytes) -> None:
    values = [
        chunk(content="\n"),
        chunk(content="\nA"),
        chunk(content="B"),
        chunk(content="\n\n\n"),
        chunk(content="C"),
    ]
    written = [f"data: {json.dumps(value)}".encode() + end + end for value in values]
    data = end_of_other.join([b"", *written, b": ping" + end, b"data: [DONE]" + end, b""])

    assert {fed(data, [at]) for at in range(len(data))} == {fed(data)}


@pytest.mark.parametrize("depth", range(900, 1000))
@pytest.mark.parametrize("content", ["\\nHello", "Hello\\n"])
def test_an_answer_nested_too_deeply_passes_as_it_came(content: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    body = f'{{"choices":[{{"index":0,"message":{{"content":"{content}"}}}}],"x":{deep}}}'.encode()
    data = b"data: " + body.replace(b"message", b"delta") + b"\n\n"
    keeps = {**TIDY, "trailing": "keep"}

    assert whole_reply(body, texts()).status == 200
    assert deep.encode() in fed(data, rewriter=texts(keeps))


@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"choices":' * 200_000])
def test_what_cannot_be_read_for_its_depth_passes_as_it_came(deep: bytes) -> None:
    data = b"data: " + deep + b"\n\n"

    assert whole_reply(deep, texts()).body is deep
    assert fed(data) == data


def test_an_unfinished_event_at_the_end_is_not_lost() -> None:
    assert fed(event(chunk(content="Hello")) + b"data: {") == event(chunk(content="Hello")) + b"data: {"


def test_an_error_event_of_the_server_passes() -> None:
    data = event(chunk(content="Hello")) + event({"error": {"message": "gone"}})

    assert fed(data) == data


def test_text_held_back_comes_before_an_error_of_the_server_and_once() -> None:
    error = event({"error": {"message": "out of memory", "code": 500}})
    data = event(chunk(content="Hello\n\n\n")) + error + b"data: [DONE]\n\n" * 2

    out = fed(data, rewriter=texts({**TIDY, "trailing": "keep"}))

    assert out.endswith(error + b"data: [DONE]\n\n" * 2)
    assert read(out.replace(error, b"")) == "Hello\n\n"


def test_without_filters_nothing_is_looked_at() -> None:
    answer = AnswerStream(None)

    assert (answer.feed(b"dat"), answer.end()) == (b"dat", b"")


class BrokenTexts(AnswerTexts):
    """Texts with a fault of ours."""

    def __init__(self) -> None:
        super().__init__((), lambda _: None)

    def feed(self, choice: int, channel: Any, text: str) -> str:
        raise Fault("broken")


def test_a_fault_ends_a_stream_with_an_error_event_and_nothing_after_it() -> None:
    answer = AnswerStream(BrokenTexts())

    out = answer.feed(STREAM) + answer.feed(STREAM) + answer.end()

    assert json.loads(out.split(b"\n")[0][6:])["error"]["code"] == "policy_fault"
    assert out.endswith(b"\n\ndata: [DONE]\n\n")
    assert b"Hel" not in out


def test_a_fault_in_a_whole_answer_is_a_500() -> None:
    body = json.dumps({"choices": [{"index": 0, "message": {"content": "x"}}]}).encode()

    assert whole_reply(body, BrokenTexts()).status == 500


def test_a_refusal_tells_clients_not_to_try_again() -> None:
    reply = Reply.of(Refusal("no", param="temperature"), {"x-prompt-policy": "p@1"})

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
def test_events_that_come_one_by_one_say_what_they_say_together(pieces: list[tuple[int, str, str]]) -> None:
    events = [event(chunk(index, **{key: text})) for index, key, text in pieces]
    one_by_one = AnswerStream(texts())

    out = b"".join(map(one_by_one.feed, events)) + one_by_one.end()

    together = fed(b"".join(events))
    assert [json.loads(line[6:]) for line in out.split(b"\n") if line] == [
        json.loads(line[6:]) for line in together.split(b"\n") if line
    ]
