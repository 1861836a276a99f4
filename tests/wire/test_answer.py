"""Texts inside answers: whole, in chunks, and what comes after the last chunk."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.wire.answer import Channel, rewrite_chunk, rewrite_whole, tail_chunks


class Upper:
    """Rewrites to upper case, keeps a final "!" back, and drops spaces."""

    def __init__(self) -> None:
        self.held: dict[int, str] = {}

    def feed(self, choice: int, channel: Channel, text: str) -> str:
        text = self.held.pop(choice, "") + text.replace(" ", "").upper()
        if text.endswith("!"):
            self.held[choice] = "!"
            text = text[:-1]
        return text

    def flush(self, choice: int) -> dict[Channel, str]:
        return {"content": self.held.pop(choice, "")}


def chunk(*choices: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"id": "1", "choices": list(choices), **keys}


def choice(delta: dict[str, Any], index: int = 0, finish: str | None = None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish}


@pytest.mark.parametrize(
    "unchanged",
    [
        chunk(choice({"content": "A"})),
        chunk(choice({"content": ""})),
        chunk(choice({"content": None, "tool_calls": [{"index": 0}]})),
        chunk(choice({}, finish="stop")),
        chunk(usage={"total_tokens": 3}),
        chunk(choice({"refusal": "no"})),
        {"id": "1"},
        {"error": {"message": "x"}},
        {"choices": "x"},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
    ],
)
def test_a_chunk_whose_text_stays_is_the_same_object(unchanged: dict[str, Any]) -> None:
    assert rewrite_chunk(unchanged, Upper()) is unchanged


def test_a_changed_chunk_is_a_copy_and_keeps_everything_else() -> None:
    came = chunk(choice({"role": "assistant", "content": "a", "tool_calls": None}, finish="stop"), created=7)
    before = copy.deepcopy(came)
    went = rewrite_chunk(came, Upper())
    assert came == before
    assert went == chunk(choice({"role": "assistant", "content": "A", "tool_calls": None}, finish="stop"), created=7)


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_goes_by_either_name(key: str) -> None:
    assert rewrite_chunk(chunk(choice({key: "a"})), Upper()) == chunk(choice({key: "A"}))


def test_reasoning_under_both_names_is_read_once_and_written_twice() -> None:
    both = {"reasoning": "a!", "reasoning_content": "a!"}
    assert rewrite_chunk(chunk(choice(both)), Upper()) == chunk(choice({"reasoning": "A", "reasoning_content": "A"}))


def test_two_different_thoughts_stay_two() -> None:
    other = {"reasoning": "a", "reasoning_content": "b"}
    assert rewrite_chunk(chunk(choice(other)), Upper()) == chunk(choice({"reasoning": "A", "reasoning_content": "b"}))


def test_a_chunk_of_which_nothing_is_left_is_dropped() -> None:
    assert rewrite_chunk(chunk(choice({"content": " "})), Upper()) is None


@pytest.mark.parametrize(
    "kept",
    [
        chunk(choice({"content": " "}, finish="stop")),
        chunk(choice({"content": " ", "role": "assistant"})),
        chunk(choice({"content": " ", "tool_calls": [{"index": 0}]})),
        chunk(choice({"content": " "}), usage={"total_tokens": 1}),
    ],
)
def test_a_chunk_with_anything_else_in_it_is_kept(kept: dict[str, Any]) -> None:
    assert rewrite_chunk(kept, Upper()) is not None


def test_choices_are_kept_apart() -> None:
    texts = Upper()
    first = rewrite_chunk(chunk(choice({"content": "a!"}, 0), choice({"content": "b"}, 1)), texts)
    assert first == chunk(choice({"content": "A"}, 0), choice({"content": "B"}, 1))
    assert rewrite_chunk(chunk(choice({"content": "c"}, 0)), texts) == chunk(choice({"content": "!C"}, 0))


def test_what_was_held_back_comes_after_the_last_chunk() -> None:
    texts = Upper()
    last = chunk(choice({"content": "a!"}, 1, "stop"), usage={"total_tokens": 1}, created=7)
    rewrite_chunk(last, texts)
    assert list(tail_chunks(last, texts, [0, 1])) == [chunk(choice({"content": "!"}, 1), created=7)]


def whole(**message: Any) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", **message}}], "usage": {}}


def test_a_whole_answer_is_copied_with_its_texts_rewritten() -> None:
    came = whole(content="a!", reasoning="b")
    before = copy.deepcopy(came)
    assert rewrite_whole(came, Upper()) == whole(content="A!", reasoning="B")
    assert came == before


@pytest.mark.parametrize(
    "unchanged",
    [whole(content="A"), whole(content=None), whole(content=None, tool_calls=[{}]), {"error": {}}, {"choices": [3]}],
)
def test_a_whole_answer_whose_text_stays_is_the_same_object(unchanged: dict[str, Any]) -> None:
    assert rewrite_whole(unchanged, Upper()) is unchanged


def test_content_of_which_nothing_is_left_beside_tool_calls_is_null() -> None:
    rewritten = rewrite_whole(whole(content="  ", tool_calls=[{"id": "1"}]), Upper())
    assert rewritten["choices"][0]["message"]["content"] is None
    assert rewrite_whole(whole(content="  "), Upper())["choices"][0]["message"]["content"] == ""


class Once(Upper):
    """Rewrites the first text of a choice only."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[int] = set()

    def feed(self, choice: int, channel: Channel, text: str) -> str:
        if choice in self.seen:
            return text
        self.seen.add(choice)
        return super().feed(choice, channel, text)


@pytest.mark.parametrize("index", [0, None, "0", []])
def test_the_choices_of_a_whole_answer_are_apart_whatever_their_index(index: Any) -> None:
    came = {"choices": [{"index": index, "message": {"content": "a"}}, {"index": index, "message": {"content": "b"}}]}
    rewritten = rewrite_whole(came, Once())
    assert [each["message"]["content"] for each in rewritten["choices"]] == ["A", "B"]
