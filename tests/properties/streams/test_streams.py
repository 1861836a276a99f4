"""Law 8: a rewritten stream has the shape of the original one, over generated streams of each endpoint."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st
from litellm.types.llms.openai import GenericEvent

from prompt_policy.runtime import AnswerFilters
from prompt_policy.wire.answers.messages import MessagesRewriter, rewrite_message
from prompt_policy.wire.answers.responses import ResponsesRewriter, rewrite_response
from tests.properties.streams.generate_messages import build_messages_stream
from tests.properties.streams.generate_responses import NAMES, ResponsesStream, TextKey, build_responses_stream
from tests.properties.streams.laws import (
    Event,
    check_no_delay,
    compress_kinds,
    is_subsequence,
    remove_space,
    rewrite_bytes,
    rewrite_events,
)
from tests.properties.streams.texts import choose_policy
from tests.unit.litellm.test_answers import rewrite_by_policy

SEEDS = st.integers(0, 2**40)
TEXT_TYPES: Final = {text_name: kind for kind, (_, text_name, _) in NAMES.items() if kind != "refusal"}
DELTAS: Final = {f"{name}.delta": kind for name, kind in TEXT_TYPES.items()}
OFFSETS: Final = ("start_index", "end_index", "index")
THINKING: Final = ("thinking", "redacted_thinking")


def flatten(emitted: list[list[Event]]) -> list[Event]:
    return [event for events in emitted for event in events]


# ---- Responses


def read_responses_text(event: Event) -> str:
    """Return the text that an event adds to an answer: a delta, or the text of an event that opens a part."""
    if event["type"] in DELTAS:
        return str(event["delta"])
    item = event["item"] if event["type"] == "response.output_item.added" else {}
    parts = [*item.get("content", ()), *item.get("summary", ())]
    parts += [event["part"]] if event["type"].endswith("part.added") else []
    return "".join(part["text"] for part in parts if "text" in part)


async def rewrite_by_litellm(filters: AnswerFilters, events: list[Event]) -> list[Event]:
    """Return the events that LiteLLM's proxy sends on, each of which it holds as an object."""

    async def stream_items() -> AsyncIterator[GenericEvent]:
        for event in events:
            yield GenericEvent(**event)

    return [event.model_dump() async for event in rewrite_by_policy(stream_items(), filters)]


def find_key(event: Event, kind: str) -> TextKey:
    return kind, event["output_index"], event[NAMES[kind][2]]


def list_parts(event: Event) -> list[tuple[TextKey, Event]]:
    """Return the complete texts in an event, each with the object that holds it."""
    name, _, phase = event["type"].rpartition(".")
    if phase == "done" and name in TEXT_TYPES:
        return [(find_key(event, TEXT_TYPES[name]), event)]
    if event["type"].endswith("part.done"):
        return [(find_key(event, event["part"]["type"]), event["part"])] if "text" in event["part"] else []
    items = [(event["output_index"], event["item"])] if event["type"] == "response.output_item.done" else []
    items += enumerate(event["response"]["output"] if "response" in event else ())
    return [
        ((part["type"], index, number), part)
        for index, item in items
        for name in ("content", "summary")
        for number, part in enumerate(item.get(name, ()))
        if "text" in part
    ]


def mask(value: Any) -> Any:
    """Return a value without what filters may change: texts, offsets and numbers."""
    if isinstance(value, list):
        return [mask(each) for each in value]
    if not isinstance(value, dict):
        return value
    is_text = value.get("type") in NAMES or str(value.get("type")).rpartition(".")[0] in TEXT_TYPES
    hidden = {"sequence_number", *OFFSETS} if value.get("type") != "file_path" else {"sequence_number"}
    hidden |= {"text", "delta"} if is_text else set()
    return {key: mask(inner) for key, inner in value.items() if key not in hidden}


def check_responses_texts(out: list[Event], stream: ResponsesStream, whole: list[Event]) -> dict[TextKey, str]:
    """Assert that all copies of a text agree with the whole answer, and return the texts."""
    deltas: dict[TextKey, str] = defaultdict(str)
    openings: dict[TextKey, str] = defaultdict(str)
    ended: set[TextKey] = set()
    texts = {key: part["text"] for key, part in list_parts({"type": "", "response": {"output": whole}})}
    for event in out:
        if (kind := DELTAS.get(event["type"])) is not None:
            key = find_key(event, kind)
            assert key not in ended, "a delta after the end of its part"
            deltas[key] += event["delta"]
        elif event["type"].endswith("part.added") and "text" in event["part"]:
            openings[find_key(event, event["part"]["type"])] = event["part"]["text"]
        for key, part in list_parts(event):
            ended.add(key)
            read = deltas[key] if stream.styles[key] in ("repeated", "item") else openings[key] + deltas[key]
            assert part["text"] == read == texts[key], key
    return texts


def check_annotations(out: list[Event], texts: dict[TextKey, str]) -> None:
    """Assert that each annotation points at its marker, which is also its URL or file."""
    found = [(key, each) for event in out for key, part in list_parts(event) for each in part.get("annotations", ())]
    found += [(find_key(event, "output_text"), event["annotation"]) for event in out if "annotation" in event]
    for key, annotation in found:
        if annotation["type"] == "url_citation":
            assert texts[key][annotation["start_index"] : annotation["end_index"]] == annotation["url"]
        elif annotation["type"] == "file_citation":
            assert texts[key].startswith(annotation["file_id"], annotation["index"])


def has_more_than_text(event: Event) -> bool:
    return event["type"] not in DELTAS or bool(event.get("logprobs"))


def check_numbers(out: list[Event], original: list[Event]) -> None:
    numbers = [event["sequence_number"] for event in out if "sequence_number" in event]
    assert numbers == list(range(len(out) if "sequence_number" in original[0] else 0))


@given(seed=SEEDS)
def test_responses_stream_keeps_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    policy, content_seed = choose_policy(rng), rng.random()
    stream = build_responses_stream(random.Random(content_seed), rng)
    emitted = rewrite_events(ResponsesRewriter(policy.create()), stream.events)
    out = flatten(emitted)

    whole = rewrite_response({"output": stream.output}, policy.create())["output"]
    texts = check_responses_texts(out, stream, whole)
    check_annotations(out, texts)
    check_numbers(out, stream.events)
    check_no_delay(stream.events, emitted, policy.opening, read_responses_text)
    kept = [[mask(each) for each in events if has_more_than_text(each)] for events in (stream.events, out)]
    assert kept[0] == kept[1]
    optional: list[str] = []
    for event in stream.events:
        ends_text = list_parts(event) or event["type"] == "response.output_item.added"
        optional += [*(DELTAS if ends_text else ()), event["type"]]
    assert is_subsequence(compress_kinds(out), optional)

    again = build_responses_stream(random.Random(content_seed), random.Random(seed + 1))
    recut = flatten(rewrite_events(ResponsesRewriter(policy.create()), again.events))
    assert check_responses_texts(recut, again, whole) == texts
    assert rewrite_bytes(policy.create(), "responses", stream.events, rng) == out
    assert asyncio.run(rewrite_by_litellm(policy.create(), stream.events)) == out
    if not policy.opening:
        assert flatten(rewrite_events(ResponsesRewriter(policy.create()), out)) == out


@given(seed=SEEDS)
def test_responses_stream_that_breaks_off_keeps_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    policy = choose_policy(rng)
    stream = build_responses_stream(rng, rng)
    events = stream.events[: rng.randrange(1, len(stream.events) + 1)]
    emitted = rewrite_events(ResponsesRewriter(policy.create()), events)
    out = flatten(emitted)

    whole = rewrite_response({"output": stream.output}, policy.create())["output"]
    check_responses_texts(out, stream, whole)
    check_numbers(out, events)
    check_no_delay(events, emitted, policy.opening, read_responses_text)
    kept = [[mask(each) for each in listed if has_more_than_text(each)] for listed in (events, out)]
    assert kept[0] == kept[1]


# ---- Messages


def read_message_text(event: Event) -> str:
    value = event.get("delta" if event["type"] == "content_block_delta" else "content_block", {})
    return str(value.get("text", "")) if value.get("type") in ("text", "text_delta") else ""


def assemble_blocks(events: list[Event]) -> list[Event]:
    """Return the blocks that a client assembles; assert that they are consecutive, and complete one by one."""
    blocks: list[Event] = []
    is_open = False
    for event in events:
        if event["type"] == "content_block_start":
            assert (is_open, event["index"]) == (False, len(blocks))
            blocks.append({**event["content_block"]})
            is_open = True
        elif event["type"] == "content_block_delta":
            assert (is_open, event["index"]) == (True, len(blocks) - 1)
            _add_delta(blocks[-1], event["delta"])
        elif event["type"] == "content_block_stop":
            assert (is_open, event["index"]) == (True, len(blocks) - 1)
            is_open = False
        elif event["type"] in ("message_delta", "message_stop"):
            assert not is_open
    return blocks


def _add_delta(block: Event, delta: Event) -> None:
    if delta["type"] == "citations_delta":
        block["citations"] = [*block.get("citations", ()), delta["citation"]]
        return
    name = next(key for key in delta if key != "type")
    before = block.get(name, "")
    block[name] = before + delta[name]


def list_other_values(events: list[Event]) -> list[Event]:
    """Return what is not text: without indexes, and without the first and last events of blocks of text."""
    texts = {event["index"] for event in events if event.get("content_block", {}).get("type") == "text"}
    return [
        {key: value for key, value in event.items() if key != "index"}
        for event in events
        if event.get("delta", {}).get("type") != "text_delta"
        and not (event["type"] in ("content_block_start", "content_block_stop") and event["index"] in texts)
    ]


@given(seed=SEEDS)
def test_messages_stream_keeps_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    policy, content_seed = choose_policy(rng), rng.random()
    stream = build_messages_stream(random.Random(content_seed), rng)
    emitted = rewrite_events(MessagesRewriter(policy.create()), stream.events)
    out = flatten(emitted)

    blocks = assemble_blocks(out)
    before, after = (
        "".join(remove_space(block["text"]) for block in listed if block["type"] == "text")
        for listed in (stream.content, blocks)
    )
    assert after in (before, policy.opening.strip() + before)
    emptied = [block for block in blocks if block == {"type": "text", "text": ""}]
    answers = [block for block in blocks if block["type"] not in THINKING]
    assert answers, "an answer has more than thinking"
    if {"type": "text", "text": ""} not in stream.content:
        assert not emptied or answers == emptied[:1]
    assembled = rewrite_message({"content": assemble_blocks(stream.events)}, policy.create())["content"]
    assert blocks == assembled
    assert list_other_values(out) == list_other_values(stream.events)
    check_no_delay(stream.events, emitted, policy.opening, read_message_text)
    kinds = [
        kind
        for event in stream.events
        for kind in (["content_block_delta"] if event["type"] == "content_block_stop" else []) + [event["type"]]
    ]
    if not emptied:  # a block that is restored because only thinking is left comes last
        assert is_subsequence([kind for kind in compress_kinds(out) if kind != "ping"], kinds)

    again = build_messages_stream(random.Random(content_seed), random.Random(seed + 1))
    assert assemble_blocks(flatten(rewrite_events(MessagesRewriter(policy.create()), again.events))) == blocks
    assert rewrite_bytes(policy.create(), "messages", stream.events, rng) == out
    if not policy.opening:
        assert flatten(rewrite_events(MessagesRewriter(policy.create()), out)) == out


@given(seed=SEEDS)
def test_messages_stream_that_breaks_off_loses_no_visible_text(seed: int) -> None:
    rng = random.Random(seed)
    policy = choose_policy(rng)
    stream = build_messages_stream(rng, rng)
    events = stream.events[: rng.randrange(1, len(stream.events) + 1)]
    emitted = rewrite_events(MessagesRewriter(policy.create()), events)

    assemble_blocks(flatten(emitted))  # asserts that the blocks are consecutive
    check_no_delay(events, emitted, policy.opening, read_message_text)
    assert list_other_values(flatten(emitted)) == list_other_values(events)
