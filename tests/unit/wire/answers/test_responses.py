"""Responses: rewriting of answers, in all copies of a text."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.answers.responses import ResponsesRewriter, rewrite_response
from tests.support.policies import apply, chat
from tests.support.response_events import build_response, build_response_events

REASONING, TEXT = "\nHm.\n\n", "\n\n请 Hello\n\n\n\nworld\n"


def create_filters(**keys: Any) -> Any:
    return apply({"kind": "filter_whitespace", "max_blank_lines": 1, **keys}, chat("Hi")).create_filters()


def rewrite_events(original: list[dict[str, Any]], **keys: Any) -> list[dict[str, Any]]:
    stream = ResponsesRewriter(create_filters(**keys))
    return [out for event in original for out in stream.feed(event)] + stream.flush()


def collect_texts(out: list[dict[str, Any]], kind: str, item: int) -> list[str]:
    """Return all copies of a text in a stream."""
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


def split(text: str, sizes: list[int]) -> list[str]:
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    return [piece for piece in [*pieces, rest] if piece]


@given(reasoning_pieces=CUTS, pieces=CUTS, trailing=st.sampled_from(["strip", "keep"]))
def test_all_copies_of_a_text_agree(reasoning_pieces: list[int], pieces: list[int], trailing: str) -> None:
    out = rewrite_events(
        build_response_events(split(REASONING, reasoning_pieces), split(TEXT, pieces)), trailing=trailing
    )
    whole = rewrite_response(build_response(REASONING, TEXT), create_filters(trailing=trailing))

    for kind, item in (("reasoning_text", 0), ("output_text", 1)):
        assert set(collect_texts(out, kind, item)) == {whole["output"][item]["content"][0]["text"]}
    numbers = [event["sequence_number"] for event in out]
    assert numbers == sorted(set(numbers))


def test_all_texts_are_filtered() -> None:
    whole = rewrite_response(build_response(REASONING, TEXT), create_filters())

    assert [item["content"][0]["text"] for item in whole["output"]] == ["Hm.", "请 Hello\n\nworld"]


def test_buffered_text_is_a_delta_before_the_part_is_done() -> None:
    out = rewrite_events(build_response_events(["Hm."], ["Hello", "\n"]), trailing="keep")

    kinds = [event["type"] for event in out if "output_text" in event["type"]]
    assert kinds == ["response.output_text.delta"] * 2 + ["response.output_text.done"]


def test_unchanged_answer_is_same_object_and_input_is_kept() -> None:
    original = build_response_events(["Hm."], ["Hello"])
    before = copy.deepcopy(original)

    assert all(a is b for a, b in zip(rewrite_events(original), original, strict=True))
    clean = build_response("Hm.", "Hello")
    assert rewrite_response(clean, create_filters()) is clean
    rewrite_events(build_response_events([REASONING], [TEXT]))
    assert original == before


def test_summary_is_filtered_as_reasoning() -> None:
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "\nIn short.\n"}]}

    assert rewrite_response({"output": [item]}, create_filters())["output"][0]["summary"][0]["text"] == "In short."


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
def test_other_answers_pass_unchanged(answer: dict[str, Any]) -> None:
    assert rewrite_response(answer, create_filters()) is answer


def build_part_events(
    opening: str, pieces: list[str], *, text: str | None = None, item: str | None = None, kind: str = "output_text"
) -> list[dict[str, Any]]:
    """Return the events of one message whose part begins with ``opening``; ``item``: the text in the item's event."""
    part = "reasoning_summary_part" if kind == "reasoning_summary_text" else "content_part"
    text_type = "summary_text" if kind == "reasoning_summary_text" else kind
    name = "summary" if text_type == "summary_text" else "content"
    place = {"item_id": "m", "output_index": 0, f"{name}_index": 0}
    whole = opening + "".join(pieces) if text is None else text
    final: dict[str, Any] = {"type": "reasoning" if name == "summary" else "message", "id": "m"}
    final[name] = [{"type": text_type, "text": whole}]
    listed = [] if item is None else [{"type": text_type, "text": item}]
    events: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "output_index": 0, "item": {**final, name: listed}},
        {"type": f"response.{part}.added", **place, "part": {"type": text_type, "text": opening}},
        *({"type": f"response.{kind}.delta", **place, "delta": piece} for piece in pieces),
        {"type": f"response.{kind}.done", **place, "text": whole},
        {"type": f"response.{part}.done", **place, "part": final[name][0]},
        {"type": "response.output_item.done", "output_index": 0, "item": final},
        {"type": "response.completed", "response": {"output": [final]}},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def read_part(out: list[dict[str, Any]]) -> tuple[str, str, set[str]]:
    """Return a part's text in the event that opens it, in its deltas, and in the events that repeat it."""
    opened = "".join(e["part"]["text"] for e in out if e["type"].endswith("part.added"))
    deltas = "".join(e["delta"] for e in out if e["type"].endswith(".delta"))
    finals = {e["text"] for e in out if "text" in e} | {e["part"]["text"] for e in out if "part.done" in e["type"]}
    items = [e["item"] for e in out if e["type"] == "response.output_item.done"]
    items += [item for e in out if "response" in e for item in e["response"]["output"]]
    return opened, deltas, finals | {(item.get("content") or item["summary"])[0]["text"] for item in items}


KINDS = pytest.mark.parametrize("kind", ["output_text", "reasoning_text", "reasoning_summary_text"])


@KINDS
@pytest.mark.parametrize(
    ("opening", "pieces", "expected"),
    [
        ("Hello", [" world"], ("Hello", " world")),
        ("\n\nHello", [" world\n"], ("Hello", " world")),
        ("\n", ["\nHello"], ("", "Hello")),
        ("Hello\n", [], ("Hello", "")),
        ("Hello \n\n", ["\n\n", "world"], ("Hello", " \n\nworld")),
        ("", ["\nHello", " world"], ("", "Hello world")),
        ("ha", ["ha"], ("ha", "ha")),
    ],
)
def test_text_in_the_event_that_opens_a_part_is_its_first_piece(
    kind: str, opening: str, pieces: list[str], expected: tuple[str, str]
) -> None:
    opened, deltas, finals = read_part(rewrite_events(build_part_events(opening, pieces, kind=kind)))

    assert (opened, deltas) == expected
    assert finals == {opened + deltas}


@KINDS
@pytest.mark.parametrize("item", [None, "\n\nHello world\n"])
@pytest.mark.parametrize("opening", ["\n\nHello world\n", "\n\nHello"])
@pytest.mark.parametrize("pieces", [["\n", "\nHel", "lo world\n"], ["\n\nHello world\n"]])
def test_deltas_that_repeat_the_opening_text_are_the_whole_text(
    kind: str, item: str | None, opening: str, pieces: list[str]
) -> None:
    out = rewrite_events(build_part_events(opening, pieces, text="".join(pieces), item=item, kind=kind))
    opened, deltas, finals = read_part(out)

    assert (opened, deltas) == (opening.strip(), "Hello world")
    assert finals == {"Hello world"}


def test_text_of_an_added_item_is_filtered_and_may_be_repeated() -> None:
    events = build_part_events("", ["\n\nHello", "\n"], item="\n\nHello\n")
    out = rewrite_events(events)

    assert out[0]["item"]["content"][0]["text"] == "Hello"
    assert read_part(out) == ("", "Hello", {"Hello"})


@pytest.mark.parametrize("reasoning", [False, True])
def test_repeated_text_gets_the_opening_in_each_copy(reasoning: bool) -> None:
    filters = apply({"kind": "force_opening", "text": "<think>\n"}, chat("Hi")).create_filters()
    assert filters is not None
    stream = ResponsesRewriter(filters)
    thought = {"type": "response.reasoning_text.delta", "output_index": 9, "delta": "Hm."}
    events = build_part_events("Hello", ["Hel", "lo"], text="Hello")
    out = [each for event in [thought] * reasoning + events for each in stream.feed(event)]

    text = "Hello" if reasoning else "<think>\nHello"
    assert read_part(out[reasoning:]) == (text, text, {text})


def test_numbers_have_no_holes_when_deltas_are_dropped_and_added() -> None:
    original = build_response_events(["\n", "Hm.", "\n"], ["\n", "\n", "Hello", "\n", "\n"])

    for trailing in ("strip", "keep"):
        out = rewrite_events(original, trailing=trailing)
        assert [event["sequence_number"] for event in out] == list(range(len(out)))
        assert len(out) < len(original)


@pytest.mark.parametrize("number", [None, "3", True, 1.5])
def test_event_without_a_number_is_not_counted(number: Any) -> None:
    original = build_part_events("", ["\n", "Hello"])
    original.insert(2, {"type": "keepalive", "sequence_number": number})
    out = rewrite_events(original)

    assert original[2] in out
    numbers = [event["sequence_number"] for event in out if event["type"] != "keepalive"]
    assert numbers == list(range(len(out) - 1))


DELTA = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "\n"}


@pytest.mark.parametrize(
    "extra",
    [{"logprobs": [{"token": "x"}]}, {"annotations": [{"type": "other"}]}, {"token_ids": [1]}, {"x": 0}, {"x": False}],
)
def test_delta_with_more_than_text_is_not_dropped(extra: dict[str, Any]) -> None:
    assert rewrite_events([{**DELTA, **extra}]) == [{**DELTA, **extra, "delta": ""}]


@pytest.mark.parametrize(
    "extra", [{}, {"logprobs": []}, {"logprobs": None}, {"obfuscation": "aXb"}, {"sequence_number": 3}, {"x": ""}]
)
def test_delta_with_nothing_but_blank_text_is_dropped(extra: dict[str, Any]) -> None:
    assert rewrite_events([{**DELTA, **extra}]) == []


def test_empty_delta_of_the_server_is_preserved() -> None:
    original = {**DELTA, "delta": ""}
    (out,) = rewrite_events([original])

    assert out is original


def test_added_delta_has_the_place_of_its_part_only() -> None:
    original = [
        {**DELTA, "delta": "Hello\n", "logprobs": [], "obfuscation": "aXb", "sequence_number": 4},
        {**DELTA, "type": "response.output_text.done", "text": "Hello\n", "logprobs": [1], "sequence_number": 5},
    ]
    _, added, _ = rewrite_events(original, trailing="keep")

    assert added == {**DELTA, "logprobs": [], "sequence_number": 5}


@pytest.mark.parametrize("left", ["content_part.done", "output_item.done", "completed"])
def test_buffered_text_precedes_the_first_event_that_ends_its_part(left: str) -> None:
    events = build_part_events("", ["Hello\n"])
    first = next(place for place, event in enumerate(events) if event["type"].endswith(left))
    out = rewrite_events([*events[:3], *events[first:]], trailing="keep")

    assert [event["type"] for event in out[2:5]] == [events[2]["type"]] * 2 + [events[first]["type"]]
    assert read_part(out) == ("", "Hello\n", {"Hello\n"})


def test_buffered_text_is_emitted_if_the_stream_ends_early() -> None:
    out = rewrite_events(build_part_events("", ["Hello\n"])[:3], trailing="keep")

    assert [(event["delta"], event["sequence_number"]) for event in out[2:]] == [("Hello", 2), ("\n", 3)]


def cite(start: int, end: int) -> dict[str, Any]:
    return {"type": "url_citation", "url": "u", "start_index": start, "end_index": end}


CITED = "\n\nParis [1] is\n\n\n\nbig [2].\n"


def test_annotations_of_a_whole_answer_point_at_their_text() -> None:
    answer = build_response("", CITED)
    answer["output"][1]["content"][0]["annotations"] = [cite(8, 11), cite(22, 25), {"type": "file_citation"}]
    (part,) = rewrite_response(answer, create_filters())["output"][1]["content"]

    spans = [part["text"][each["start_index"] : each["end_index"]] for each in part["annotations"][:2]]
    assert spans == ["[1]", "[2]"]
    assert part["annotations"][2] == {"type": "file_citation"}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_annotations_of_a_stream_point_at_their_text(size: int) -> None:
    annotations = [cite(8, 11), cite(22, 25)]
    pieces = [CITED[start : start + size] for start in range(0, len(CITED), size)]
    events = build_part_events("", pieces)
    done = next(place for place, event in enumerate(events) if event["type"] == "response.output_text.done")
    for event in events[done + 1 : done + 3]:
        (event.get("part") or event["item"]["content"][0])["annotations"] = annotations
    place = {"output_index": 0, "content_index": 0}
    added = {"type": "response.output_text.annotation.added", **place}
    events[done:done] = [{**added, "annotation": each, "annotation_index": n} for n, each in enumerate(annotations)]
    out = rewrite_events([*events, {**DELTA, "annotations": annotations}])

    text = read_part(out)[2].pop()
    found = [event["annotation"] for event in out if "annotation" in event]
    for event in out:
        parts = [event.get("part"), event, *event.get("item", {}).get("content", [])]
        parts += [part for item in event.get("response", {}).get("output", []) for part in item["content"]]
        found += [each for part in parts for each in (part or {}).get("annotations", [])]
    assert [text[each["start_index"] : each["end_index"]] for each in found] == ["[1]", "[2]"] * 5


def test_annotations_follow_an_inserted_opening() -> None:
    filters = apply({"kind": "force_opening", "text": "<think>\n"}, chat("Hi")).create_filters()
    part = {"type": "output_text", "text": "Paris [1]", "annotations": [cite(6, 9)]}
    assert filters is not None
    answer = rewrite_response({"output": [{"type": "message", "content": [part]}]}, filters)

    assert answer["output"][0]["content"][0]["annotations"] == [cite(14, 17)]


@pytest.mark.parametrize("index", [[], {}, "1", 1.5, None])
def test_invalid_index_is_handled(index: Any) -> None:
    at = {"output_index": index, "content_index": index}
    event = {"type": "response.output_text.delta", **at, "delta": "\nHello"}

    assert ResponsesRewriter(create_filters()).feed(event) == [{**event, "delta": "Hello"}]


@pytest.mark.parametrize(
    "event", [{"type": []}, {"type": None}, {}, {"type": "response.output_item.added", "item": ODD_PART}]
)
def test_event_of_unknown_type_is_the_same_object(event: dict[str, Any]) -> None:
    (out,) = ResponsesRewriter(create_filters()).feed(event)

    assert out is event
