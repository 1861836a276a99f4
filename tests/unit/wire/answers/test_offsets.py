"""Offsets in annotations after their text was filtered."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.answers.offsets import OffsetMap, OffsetRecorder, shift_annotation, shift_annotations
from tests.support.policies import CONTENT, chat, policy_of
from tests.support.response_events import cut_text

SPACE = " \t\r\n"
TEXTS = st.text(st.sampled_from("ab[1]`请😀\u00a0- \t\r\n\n\n"), max_size=80) | st.sampled_from(
    ["\n\nParis [1] is big.", "```\n  x\n\n\n\n```\n\n\n\nEnd\n", "A" + "\n" * 5000 + "B", "", "\n", "a  b \n\n\n c"]
)
OPENINGS = st.sampled_from(["", "<think>\n", ">>", "a", "\n"])
CUTS = st.lists(st.integers(1, 9), max_size=30)


def create_filters(opening: str, keys: dict[str, Any]) -> Any:
    from prompt_policy import Pipeline

    rules: list[dict[str, Any]] = [{"kind": "force_opening", "text": opening}] if opening else []
    policy = policy_of(*rules, {"kind": "filter_whitespace", **keys})
    return Pipeline(policy).apply(chat("Hi"), "chat").create_filters()


def rewrite_pieces(filters: Any, pieces: list[str]) -> tuple[str, OffsetMap]:
    """Return the text that a client reads, and the map that its pieces were added to."""
    offsets, out = OffsetMap(), ""
    for piece in pieces:
        after = filters.feed(0, CONTENT, piece)
        if after == piece:
            offsets.advance(len(piece))
        else:
            offsets.record(piece, after)
        out += after
    tail = filters.flush(0, CONTENT)
    offsets.record("", tail)
    return out + tail, offsets


@given(
    text=TEXTS,
    sizes=CUTS,
    opening=OPENINGS,
    leading=st.sampled_from(["strip", "keep"]),
    trailing=st.sampled_from(["strip", "keep"]),
    blank=st.sampled_from([0, 1, 2]),
)
def test_every_visible_character_is_at_its_shifted_offset(
    text: str, sizes: list[int], opening: str, leading: str, trailing: str, blank: int
) -> None:
    keys = {"leading": leading, "trailing": trailing, "max_blank_lines": blank}
    out, offsets = rewrite_pieces(create_filters(opening, keys), cut_text(text, sizes))

    for offset, character in enumerate(text):
        if character not in SPACE:
            moved = offsets.shift(offset)
            assert out[moved] == character
            assert offsets.shift(offset + 1) >= moved
    shifted = [offsets.shift(offset, is_complete=True) for offset in range(len(text) + 1)]
    assert shifted == sorted(shifted)
    assert shifted[-1] <= len(out)


@given(text=TEXTS, sizes=CUTS)
def test_the_end_of_a_word_follows_its_last_character(text: str, sizes: list[int]) -> None:
    _, offsets = rewrite_pieces(create_filters("", {"max_blank_lines": 1}), cut_text(text, sizes))

    for offset in range(1, len(text)):
        if text[offset - 1] not in SPACE:
            assert offsets.shift(offset, is_complete=True) == offsets.shift(offset - 1) + 1


def test_only_changes_of_the_shift_are_stored() -> None:
    rng, text = random.Random(1), "\n\n" + "word " * 20_000 + "\n\n\n\nend"
    sizes = [rng.randrange(1, 30) for _ in range(len(text) // 10)]
    _, offsets = rewrite_pieces(create_filters("", {"max_blank_lines": 1}), cut_text(text, sizes))

    assert len(offsets._starts) == 2


def test_text_that_is_not_in_the_original_ends_the_alignment() -> None:
    offsets = OffsetMap()
    offsets.record("some text", "other text")

    assert offsets.shift(5) == 6
    assert offsets.shift(0) == 0


class TagBuffer:
    """Buffers ``<`` until the next character shows that no tag follows; inserts an opening at the start."""

    def __init__(self, opening: str) -> None:
        self._buffered = ""
        self._opening = opening

    def feed(self, _choice: int, _channel: str, text: str) -> str:
        ready = self._buffered + text
        visible = ready.rstrip("< \n")
        self._buffered = ready[len(visible) :]
        opening, self._opening = (self._opening, "") if visible else ("", self._opening)
        return opening + visible

    def flush(self, *_place: Any) -> str:
        return self._buffered


@given(
    text=st.text(st.sampled_from("<<a \n"), max_size=40), sizes=CUTS, opening=st.sampled_from(["", "<think>\n", "[a]"])
)
def test_visible_text_that_is_buffered_is_at_its_shifted_offset(text: str, sizes: list[int], opening: str) -> None:
    out, offsets = rewrite_pieces(TagBuffer(opening), cut_text(text, sizes))

    assert out.endswith(text)
    moved = [out[offsets.shift(offset)] for offset, character in enumerate(text) if character not in SPACE]
    assert moved == [character for character in text if character not in SPACE]


def test_text_that_is_removed_does_not_accumulate() -> None:
    offsets = OffsetMap()
    for _ in range(3000):
        offsets.record("```json\n", "")
        assert len(offsets._buffered) <= 8192
    offsets.record('{"a": 1}\n```', '{"a": 1}')

    assert offsets.shift(8 * 3000) == 0
    assert offsets.shift(8 * 3000 + 5) == 5


MAP = OffsetMap()
MAP.record("\n\nParis [1] is big.\n", "Paris [1] is big.")


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ({"type": "url_citation", "start_index": 8, "end_index": 11}, {"start_index": 6, "end_index": 9}),
        ({"type": "container_file_citation", "start_index": 2, "end_index": 20}, {"start_index": 0, "end_index": 17}),
        ({"type": "file_citation", "index": 11, "file_id": "f"}, {"index": 9}),
        (
            {"type": "url_citation", "url_citation": {"start_index": 8, "end_index": 11, "url": "u"}},
            {"url_citation": {"start_index": 6, "end_index": 9, "url": "u"}},
        ),
        ({"type": "url_citation", "start_index": None, "end_index": 11}, {"end_index": 9}),
        ({"type": "url_citation", "start_index": 0, "end_index": 1}, {"end_index": 0}),
    ],
)
def test_offsets_of_an_annotation_are_shifted(annotation: dict[str, Any], expected: dict[str, Any]) -> None:
    before = dict(annotation)

    assert shift_annotation(annotation, MAP) == {**annotation, **expected}
    assert annotation == before


@pytest.mark.parametrize(
    "annotation",
    [
        {"type": "file_path", "index": 11},
        {"type": "url_citation", "start_index": True, "end_index": -1},
        {"type": "url_citation", "start_index": "8", "end_index": 8.5, "url_citation": 3},
        {"type": "url_citation"},
        {"type": [], "start_index": 8},
        {"start_index": 8},
        {"type": "other", "start_index": 8, "end_index": 11},
        None,
        3,
        [],
    ],
)
def test_values_that_are_not_offsets_stay_unchanged(annotation: Any) -> None:
    listed = [annotation]

    assert shift_annotation(annotation, MAP) is annotation
    assert shift_annotations(listed, MAP) is listed


@pytest.mark.parametrize("annotations", [None, 3, {}, "x", []])
def test_values_that_are_not_lists_of_annotations_are_returned(annotations: Any) -> None:
    assert shift_annotations(annotations, MAP) is annotations


def test_offsets_past_the_end_of_an_unchanged_text_stay() -> None:
    offsets = OffsetMap()
    offsets.advance(5)
    listed = [{"type": "url_citation", "start_index": 3, "end_index": 9}]

    assert shift_annotations(listed, offsets) is listed


def test_offsets_of_an_incomplete_text_are_not_limited_to_it() -> None:
    offsets = OffsetMap()
    offsets.record("\nParis ", "Paris")
    annotation = {"type": "url_citation", "start_index": 1, "end_index": 7}

    assert shift_annotation(annotation, offsets, is_complete=False) == {**annotation, "start_index": 0, "end_index": 6}


def test_recorder_computes_the_map_of_its_pieces() -> None:
    offsets, expected = OffsetRecorder(), OffsetMap()
    for before, after in (("\n\na", "a"), ("b", "b"), ("c", "c"), ("\n\n\n", ""), ("d", "\n\nd")):
        offsets.record(before, after)
        expected.record(before, after)
    offsets.advance(2)
    expected.advance(2)
    for _ in range(2):
        assert [offsets.compute_map().shift(at) for at in range(12)] == [expected.shift(at) for at in range(12)]
    assert offsets.compute_map().shift(8) == 5


def test_recorder_continues_after_a_map_was_computed() -> None:
    offsets = OffsetRecorder()
    offsets.record("\na", "a")
    assert offsets.compute_map().shift(1) == 0
    offsets.record("\n\n\nb", "\n\nb")
    assert offsets.compute_map().shift(5) == 3
