"""Random texts with much whitespace, their cuts, and the policies that filter them."""

from __future__ import annotations

import random
from typing import Any, Final, NamedTuple

from prompt_policy import Pipeline
from prompt_policy.runtime import AnswerFilters
from tests.support.policies import chat, policy_of

SPACE: Final = " \t\r\n"
"""The characters that filters may remove."""
_WORDS: Final = ("Hello", "world", "请", "a", "I", "😀", "# Title", "- item", "x = 1", ".", "\u00a0", "</b>", "e\u0301")
_SPACES: Final = (" ", " ", "\n", "\n\n", "\n\n\n\n", "  \n", "\t", "\r\n", "\n \n", "\n```\n  code\n\n\n\n```\n")


class Marker(NamedTuple):
    """A piece of a text that an annotation points at."""

    text: str
    start: int
    end: int


class MarkedText(NamedTuple):
    """A text, and the markers in it."""

    text: str
    markers: list[Marker]


def build_text(rng: random.Random, marker_count: int = 0) -> MarkedText:
    """Return a text of up to 12 words; blank or empty in some cases if it has no markers."""
    if not marker_count and rng.random() < 0.2:
        return MarkedText(rng.choice(("", *_SPACES[:9], "\n\n\n")), [])
    text = rng.choice(("", "", *_SPACES[:9]))
    markers: list[Marker] = []
    marked = set(rng.sample(range(1, 13), marker_count))
    for word in range(max(rng.randrange(1, 13), max(marked, default=0))):
        if word + 1 in marked:
            marker = f"[{len(markers) + 1}]"
            markers.append(Marker(marker, len(text), len(text) + len(marker)))
            text += marker
        else:
            text += rng.choice(_WORDS)
        text += rng.choice(_SPACES) if rng.random() < 0.6 else ""
    return MarkedText(text, markers)


def cut(rng: random.Random, text: str) -> list[str]:
    """Return a text in pieces of 1 to 9 characters, or in a single one; no piece if the text is empty."""
    most = rng.choice((1, 2, 4, 9, len(text) + 1))
    pieces = []
    while text:
        size = rng.randrange(1, most + 1)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


class FilterMaker(NamedTuple):
    """Creates the filters of a policy, and describes it.

    Arguments:
        opening: the text that the policy restores at the start of an answer.
        rules: the policy's rules.
    """

    opening: str
    rules: tuple[dict[str, Any], ...]

    def create(self) -> AnswerFilters:
        """Return new filters, as for another answer."""
        filters = Pipeline(policy_of(*self.rules)).apply(chat("Hi"), "chat").create_filters()
        assert filters is not None
        return filters


def choose_policy(rng: random.Random) -> FilterMaker:
    """Return the filters of a policy that strips whitespace in some way, and may restore an opening."""
    ends = [{"leading": a, "trailing": b} for a in ("strip", "keep") for b in ("strip", "keep")]
    rule: dict[str, Any] = {"kind": "filter_whitespace", "max_blank_lines": rng.choice((0, 1, 2)), **rng.choice(ends)}
    if rng.random() < 0.2:
        rule["channels"] = ["content"]
    opening = rng.choice(("", "", "<think>\n", ">"))
    return FilterMaker(opening, ({"kind": "force_opening", "text": opening}, rule) if opening else (rule,))
