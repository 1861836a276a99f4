"""Fenced code in random documents: the same lines as markdown-it finds, and blank lines removed nowhere else."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from prompt_policy.kinds.filters.whitespace import WhitespaceStripper
from prompt_policy.kinds.filters.whole_text import compile_clean_text
from tests.properties.fences import (
    CLASSES,
    find_difference,
    generate_documents,
    list_code_lines,
    list_code_lines_of_oracle,
)

DOCUMENTS = list(generate_documents(1500, seed=18))


def remove_surplus_blank_lines(document: str, is_code: Sequence[bool], limit: int) -> Iterator[str]:
    """Yield the lines of a document without those beyond the limit, by a rule that needs the complete document."""
    blank = 0
    for line, code in zip(document.split("\n"), is_code, strict=True):
        blank = 0 if code or line.strip() else blank + 1
        if blank <= limit:
            yield line


def cut(document: str, seed: int) -> list[str]:
    generator = random.Random(seed)
    cuts = sorted(generator.randint(0, len(document)) for _ in range(6))
    return [document[start:end] for start, end in pairwise([0, *cuts, len(document)])]


def test_code_lines_differ_from_markdown_it_only_for_a_reason() -> None:
    found = [difference for document in DOCUMENTS if (difference := find_difference(document))]
    assert [difference for difference in found if difference.reason not in CLASSES] == []
    assert {difference.reason for difference in found} <= {"outside", "number", "tab", "indent"}


def test_random_documents_have_code_outside_and_inside_containers() -> None:
    code = [document for document in DOCUMENTS if any(list_code_lines_of_oracle(document))]
    assert len(code) > len(DOCUMENTS) / 3
    assert sum(any(line.startswith(("> ", "  ")) for line in document.split("\n")) for document in code) > 250


def test_code_lines_do_not_depend_on_the_cuts() -> None:
    for document in DOCUMENTS:
        assert list_code_lines(document, in_characters=True) == list_code_lines(document), document


def test_code_lines_are_the_same_with_crlf() -> None:
    for document in DOCUMENTS:
        assert list_code_lines(document.replace("\n", "\r\n")) == list_code_lines(document), document


@pytest.mark.parametrize("limit", [1, 2])
def test_surplus_blank_lines_are_removed_outside_code_only(limit: int) -> None:
    for document in DOCUMENTS:
        doubled = document.replace("\n\n", "\n\n\n\n") + "\nend"
        stripper = WhitespaceStripper(False, False, limit)
        expected = "\n".join(remove_surplus_blank_lines(doubled, list_code_lines(doubled), limit))
        assert stripper.feed(doubled) + stripper.flush() == expected, doubled


@pytest.mark.parametrize("settings", [(True, True, 1), (False, False, 0), (True, False, 0), (False, True, 2)])
def test_streams_have_one_result_and_a_second_pass_changes_nothing(settings: tuple[bool, bool, int]) -> None:
    for number, document in enumerate(DOCUMENTS):
        whole = WhitespaceStripper(*settings)
        result = whole.feed(document) + whole.flush()
        stream = WhitespaceStripper(*settings)
        assert "".join(map(stream.feed, cut(document, number))) + stream.flush() == result, document
        again = WhitespaceStripper(*settings)
        assert again.feed(result) + again.flush() == result, document
        assert compile_clean_text(*settings)(document) in (None, result), document
