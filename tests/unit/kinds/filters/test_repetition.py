"""RepetitionDetector: it finds exactly the repetitions that a search of all periods finds, whatever the cuts."""

from __future__ import annotations

import random
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.long_texts import build_legitimate_texts, build_loops, read_files
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.kinds.filters.repetition import CHECK_INTERVAL_CHARS, RepetitionDetector
from prompt_policy.kinds.stop_repetition import StopRepetition

DEFAULTS = tuple(StopRepetition.model_fields[name].default for name in ("max_period", "min_repeats", "min_chars"))
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
FOLDERS = [STANDARD_LIBRARY / name for name in ("asyncio", "email", "encodings", "html", "idlelib", "pydoc_data")]


def find_end(pieces: Iterator[str], *limits: int) -> int | None:
    """Return after how many characters a text that arrives in pieces repeats itself."""
    detector, seen = RepetitionDetector(*limits), 0
    for piece in pieces:
        if (end := detector.feed(piece)) is not None:
            return seen + end
        seen += len(piece)
    return None


def search_all_periods(text: str, max_period: int, min_repeats: int, min_chars: int) -> int | None:
    """Return the same as ``find_end``, by comparing the text with itself for each period."""
    for end in range(CHECK_INTERVAL_CHARS, len(text) + 1, CHECK_INTERVAL_CHARS):
        for period in range(1, max_period + 1):
            length = max(min_chars, min_repeats * period)
            last = text[end - length : end] if length <= end else ""
            if last and last[period:] == last[:-period]:
                return end
    return None


def cut(text: str, rng: random.Random) -> Iterator[str]:
    start = 0
    while start < len(text):
        size = rng.choice([1, 3, 50, 700])
        yield text[start : start + size]
        start += size


def build_repetitive_text(rng: random.Random) -> str:
    """Return a text with repetitions, and with repetitions of repetitions."""
    letters = rng.choice(["a", "ab", "abc", "abcdefgh \n"])
    text = ""
    while len(text) < 900:
        part = "".join(rng.choices(letters, k=rng.randint(1, rng.choice([3, 20, 120]))))
        part *= rng.choice([1, 1, 2, 5, 12])
        if rng.random() < 0.3:
            part = (part + "".join(rng.choices(letters, k=rng.randint(1, 20)))) * rng.randint(2, 9)
        text += part
    return text


@pytest.mark.parametrize("seed", range(40))
def test_exactly_the_sufficient_repetitions_are_found(seed: int) -> None:
    rng = random.Random(seed)
    limits = rng.choice([1, 3, 10, 40, 100]), rng.choice([3, 4, 5, 8]), rng.choice([1, 7, 20, 60, 150, 300])
    for _ in range(10):
        text = build_repetitive_text(rng)
        assert find_end(cut(text, rng), *limits) == search_all_periods(text, *limits)


@given(st.text("ab", max_size=400), st.text("ab", min_size=1, max_size=40), st.lists(st.integers(1, 300), min_size=1))
def test_result_does_not_depend_on_the_cuts(before: str, repeated: str, sizes: list[int]) -> None:
    text = before + repeated * 40
    pieces = []
    start = 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    cuts = [*pieces, text[start:]]
    assert find_end(iter(cuts), 40, 5, 100) == find_end(iter(text), 40, 5, 100) == find_end(iter([text]), 40, 5, 100)


@pytest.mark.parametrize("seed", range(5))
def test_no_legitimate_text_is_taken_for_a_loop(seed: int) -> None:
    for name, text in build_legitimate_texts(seed).items():
        assert find_end(iter([text]), *DEFAULTS) is None, name


def test_no_file_of_the_standard_library_is_taken_for_a_loop() -> None:
    files = dict(read_files(FOLDERS))
    assert len(files) > 100
    assert [path for path, text in files.items() if find_end(iter([text]), *DEFAULTS) is not None] == []


@pytest.mark.parametrize("name", build_loops())
def test_loop_is_detected_as_soon_as_the_limits_allow(name: str) -> None:
    before, repeated = build_loops()[name]
    end = find_end(iter([before + repeated * (20_000 // len(repeated))]), *DEFAULTS)
    assert end is not None
    needed = max(DEFAULTS[2], DEFAULTS[1] * len(repeated))
    assert needed <= end - len(before) < needed + CHECK_INTERVAL_CHARS


@pytest.mark.parametrize("repeated", ["Step {}: check the next item.\n", "{}, ", "| {} | 0 |\n"])
def test_loop_with_a_counter_is_not_detected(repeated: str) -> None:
    assert find_end((repeated.format(number) for number in range(3000)), *DEFAULTS) is None


@pytest.mark.parametrize("repeats", [1.0, 5.9])
def test_text_that_occurs_too_seldom_is_not_detected(repeats: float) -> None:
    period = "".join(random.Random(1).choices("abcdefgh", k=2000))
    assert find_end(iter([(period * 6)[: int(2000 * repeats)] + "x" * 10]), *DEFAULTS) is None


def test_memory_does_not_grow_with_the_text() -> None:
    def measure(detector: RepetitionDetector) -> int:
        return sum(
            sys.getsizeof(value) + sum(map(sys.getsizeof, value if isinstance(value, list) else ()))
            for value in vars(detector).values()
        )

    rng = random.Random(2)
    detector, sizes = RepetitionDetector(*DEFAULTS), []
    for _ in range(20):
        for _piece in range(1000):
            assert detector.feed("".join(rng.choices("abcdefgh \n", k=4))) is None
        sizes.append(measure(detector))
    assert max(sizes) < 2 * max(DEFAULTS[2], DEFAULTS[0] * DEFAULTS[1])
