"""A table of weights that decides on a task: named points whose sum is compared with a threshold.

The files beside this module are written by ``python -m benchmarks.task_weights`` and loaded for the first turn that
needs them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import repeat
from math import sqrt
from typing import Final, NamedTuple

from prompt_policy.conditions.tasks.tokens import Tokens

TABLES: Final = ("code", "math")
"""The tasks that tables decide on; the first one wins, because programs mention numbers."""
_UNITS_PER_POINT: Final = 100
_PACKAGE: Final = "prompt_policy.conditions.tasks"


class Item(NamedTuple):
    """One part of a sum: what was found in a turn, and its points."""

    name: str
    points: float


@dataclass(frozen=True, slots=True)
class WeightTable:
    """Integer weights in hundredths of a point.

    Arguments:
        thresholds: by language, the sum that a turn must exceed.
        signals: by the name of a signal; points for each match.
        words: by word; the points are divided by the square root of the number of tokens, as are the next three.
        pairs: by two adjacent words.
        first: by word among the first ones.
        last: by word among the last ones.
    """

    thresholds: Mapping[str, int]
    signals: Mapping[str, int]
    words: Mapping[str, int]
    pairs: Mapping[tuple[str, str], int]
    first: Mapping[str, int]
    last: Mapping[str, int]

    def compute_margin(self, counts: Sequence[tuple[str, int]], tokens: Tokens, language: str) -> float:
        """Return by how many points the sum exceeds the threshold of a language; negative if it does not.

        Arguments:
            counts: the names of the signals found, with their numbers of matches.
            tokens: the tokens of the turn.
            language: ``en``, ``zh`` or ``other``.
        """
        weights = self.signals
        found = sum(weights.get(name, 0) * count for name, count in counts)
        zero = repeat(0)
        spoken = (
            sum(map(self.words.get, tokens.words, zero))
            + sum(map(self.pairs.get, tokens.pairs, zero))
            + sum(map(self.first.get, tokens.first, zero))
            + sum(map(self.last.get, tokens.last, zero))
        )
        units = found + spoken / sqrt(max(tokens.length, 1)) - self.thresholds[language]
        return units / _UNITS_PER_POINT

    def list_items(self, counts: Sequence[tuple[str, int]], tokens: Tokens, language: str) -> Iterator[Item]:
        """Yield the parts of the sum that ``compute_margin`` returns."""
        yield Item(f"threshold for {language}", -self.thresholds[language] / _UNITS_PER_POINT)
        for name, count in counts:
            if points := self.signals.get(name, 0) * count:
                yield Item(f"signal: {name}" + (f" ({count} times)" if count > 1 else ""), points / _UNITS_PER_POINT)
        scale = _UNITS_PER_POINT * sqrt(max(tokens.length, 1))
        for label, weights, found in (
            ("word", self.words, tokens.words),
            ("first words", self.first, tokens.first),
            ("last words", self.last, tokens.last),
        ):
            for word in sorted(found):
                if points := weights.get(word, 0):
                    yield Item(f"{label}: {word}", points / scale)
        for pair, count in sorted(Counter(tokens.pairs).items()):
            if points := self.pairs.get(pair, 0) * count:
                yield Item(f"pair: {' '.join(pair)}", points / scale)


@cache
def load_table(name: str) -> WeightTable:
    """Return the table of one of ``TABLES``."""
    return parse_table((files(_PACKAGE) / f"{name}.tsv").read_text(encoding="utf-8"))


def parse_table(text: str) -> WeightTable:
    """Return the table in a text: sections in brackets; in each line a weight, a tab and a name."""
    sections: dict[str, dict[str, int]] = {
        name: {} for name in ("thresholds", "signals", "words", "pairs", "first", "last")
    }
    section = sections["thresholds"]
    for line in text.split("\n"):
        if line.startswith("[") and line.endswith("]") and "\t" not in line:
            section = sections[line[1:-1]]
        elif "\t" in line:
            weight, _tab, name = line.partition("\t")
            section[name] = int(weight)
    pairs = {_split_pair(name): weight for name, weight in sections["pairs"].items()}
    return WeightTable(
        sections["thresholds"], sections["signals"], sections["words"], pairs, sections["first"], sections["last"]
    )


def _split_pair(name: str) -> tuple[str, str]:
    first, _space, second = name.partition(" ")
    return first, second


def format_table(table: WeightTable, comment: str) -> str:
    """Return the text of a table, which ``parse_table`` reads; the same table always gives the same text."""
    named: dict[str, Mapping[str, int]] = {
        "thresholds": table.thresholds,
        "signals": table.signals,
        "words": table.words,
        "first": table.first,
        "last": table.last,
        "pairs": {" ".join(pair): weight for pair, weight in table.pairs.items()},
    }
    lines = [f"# {line}" for line in comment.split("\n")]
    for name, weights in named.items():
        lines += ["", f"[{name}]", *(f"{weights[key]}\t{key}" for key in sorted(weights))]
    return "\n".join(lines) + "\n"
