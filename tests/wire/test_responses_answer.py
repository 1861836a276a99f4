"""Responses: the texts of an answer, in all the places where they are said."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.responses_answer import ResponsesStream, rewrite_response
from tests.support import apply, chat

THOUGHT, TEXT = "\nHm.\n\n", "\n\n请 Hello\n\n\n\nworld\n"


def texts(**keys: Any) -> Any:
    return apply({"kind": "filter_whitespace", "max_blank_lines": 1, **keys}, chat("Hi")).answer()


def response(thought: str, text: str) -> dict[str, Any]:
    reasoning = {
        "type": "reasoning",
        "id": "r",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": thought}],
    }
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "content": [part]}
    return {"id": "resp", "output": [reasoning, message], "status": "completed"}


def events(thoughts: list[str], pieces: list[str]) -> list[dict[str, Any]]:
    """Return the events of an answer as vLLM sends them."""
    whole = response("".join(thoughts), "".join(pieces))
    made: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": "resp", "output": []}}]
    for place, (kind, part, said) in enumerate(
        (("reasoning_text", "reasoning_part", thoughts), ("output_text", "content_part", pieces))
    ):
        at = {"item_id": f"i{place}", "output_index": place, "content_index": 0}
        item = whole["output"][place]
        text = item["content"][0]["text"]
        made.append({"type": "response.output_item.added", "output_index": place, "item": {**item, "content": []}})
        made += [{"type": f"response.{kind}.delta", **at, "delta": piece} for piece in said]
        made.append({"type": f"response.{kind}.done", **at, "text": text})
        made.append({"type": f"response.{part}.done", **at, "part": item["content"][0]})
        made.append({"type": "response.output_item.done", "output_index": place, "item": item})
    made.append({"type": "response.completed", "response": whole})
    return [{**event, "sequence_number": number} for number, event in enumerate(made)]


def streamed(given_: list[dict[str, Any]], **keys: Any) -> list[dict[str, Any]]:
    stream = ResponsesStream(texts(**keys))
    return [out for event in given_ for out in stream.rewrite(event)] + stream.end()


def places(out: list[dict[str, Any]], kind: str, item: int) -> list[str]:
    """Return a text from each place where a stream says it."""
    deltas = "".join(e["delta"] for e in out if e["type"] == f"response.{kind}.delta")
    part = "content_part" if kind == "output_text" else "reasoning_part"
    by_type = {e["type"]: e for e in out if e.get("output_index", item) == item}
    return [
        deltas,
        by_type[f"response.{kind}.done"]["text"],
        by_type[f"response.{part}.done"]["part"]["text"],
        by_type["response.output_item.done"]["item"]["content"][0]["text"],
        by_type["response.completed"]["response"]["output"][item]["content"][0]["text"],
    ]


CUTS = st.lists(st.integers(1, 5), min_size=1, max_size=20)


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    return [piece for piece in [*pieces, rest] if piece]


@given(thoughts=CUTS, pieces=CUTS, trailing=st.sampled_from(["strip", "keep"]))
def test_all_places_agree_however_the_answer_is_cut(thoughts: list[int], pieces: list[int], trailing: str) -> None:
    out = streamed(events(cut(THOUGHT, thoughts), cut(TEXT, pieces)), trailing=trailing)
    whole = rewrite_response(response(THOUGHT, TEXT), texts(trailing=trailing))

    for kind, item in (("reasoning_text", 0), ("output_text", 1)):
        assert set(places(out, kind, item)) == {whole["output"][item]["content"][0]["text"]}
    numbers = [event["sequence_number"] for event in out]
    assert numbers == sorted(set(numbers))


def test_the_texts_are_clean() -> None:
    whole = rewrite_response(response(THOUGHT, TEXT), texts())

    assert [item["content"][0]["text"] for item in whole["output"]] == ["Hm.", "请 Hello\n\nworld"]


def test_what_was_held_back_comes_as_a_delta_before_the_part_is_done() -> None:
    out = streamed(events(["Hm."], ["Hello", "\n"]), trailing="keep")

    kinds = [event["type"] for event in out if "output_text" in event["type"]]
    assert kinds == ["response.output_text.delta"] * 2 + ["response.output_text.done"]


def test_what_does_not_change_is_the_same_object_and_the_input_stays_as_it_was() -> None:
    given_ = events(["Hm."], ["Hello"])
    before = copy.deepcopy(given_)

    assert all(a is b for a, b in zip(streamed(given_), given_, strict=True))
    clean = response("Hm.", "Hello")
    assert rewrite_response(clean, texts()) is clean
    streamed(events([THOUGHT], [TEXT]))
    assert given_ == before


def test_a_summary_is_reasoning() -> None:
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "\nIn short.\n"}]}

    assert rewrite_response({"output": [item]}, texts())["output"][0]["summary"][0]["text"] == "In short."


ODD_PART = {"type": "message", "content": [{"type": [], "text": "\nHi"}, {"type": {}, "text": "\nHi"}]}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"output": 3},
        {"output": [3, {"type": "function_call", "arguments": "\n"}]},
        {"output": [ODD_PART, {"type": [], "content": []}]},
    ],
)
def test_anything_else_passes(answer: dict[str, Any]) -> None:
    assert rewrite_response(answer, texts()) is answer


def test_an_item_that_has_just_begun_says_nothing_yet() -> None:
    item = response(THOUGHT, TEXT)["output"][1]
    event = {"type": "response.output_item.added", "output_index": 1, "item": item}

    (out,) = ResponsesStream(texts()).rewrite(event)

    assert out["item"] == {**item, "content": [{**item["content"][0], "text": ""}]}


@pytest.mark.parametrize("place", [[], {}, "1", 1.5, None])
def test_a_place_that_is_no_number_is_a_place_all_the_same(place: Any) -> None:
    at = {"output_index": place, "content_index": place}
    event = {"type": "response.output_text.delta", **at, "delta": "\nHello"}

    assert ResponsesStream(texts()).rewrite(event) == [{**event, "delta": "Hello"}]


@pytest.mark.parametrize(
    "event", [{"type": []}, {"type": None}, {}, {"type": "response.output_item.added", "item": ODD_PART}]
)
def test_an_event_of_another_type_is_the_same_object(event: dict[str, Any]) -> None:
    (out,) = ResponsesStream(texts()).rewrite(event)

    assert out is event
