"""Compare the lines that ``FenceTracker`` finds to be fenced code with those of markdown-it, over random documents.

``python -m tests.properties.fences`` compares 100,000 documents, and reports the classes of documents that differ, with
the number and an example of each. It exits with 1 if a document differs for no reason in ``CLASSES``.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from prompt_policy.kinds.filters.fences import FenceTracker

_ORACLE: Final = MarkdownIt("commonmark")
_MARKERS: Final = ("- ", "* ", "+ ", "1. ", "2. ", "10) ", "> ", ">", "-   ", "-      ", "1.\t", "-\t", ">\t")
_INDENTS: Final = ("", "", "", " ", "  ", "   ", "    ", "     ", "\t", " \t", "      ")
_CONTENTS: Final = (
    "text", "text", "two words", "```", "```", "```", "```py", "````", "~~~", "~~~~", "~~~ `x`", "``` `x`", "``` ",
    "```\t", "``", "`code`", "- - -", "***", "---", "--", "-", "===", "# title", "#", "#text", "1986. text", "2.",
    "*text*", "1.text", "__init__", "+ -", "> >", "```x```",
)  # fmt: skip
_BLANKS: Final = ("", "", "", "  ", "\t", "     ", ">", "> ")
_HTML: Final = ("<div>", "</div>", "<think>", "</think>", "<!-- text", "-->", "<pre>", "[name]: /url")


class Difference(NamedTuple):
    """A document in which a line is code to one side only. ``reason`` is a key of ``CLASSES``, or empty."""

    document: str
    line: int
    is_code_to_oracle: bool
    reason: str


CLASSES: Final = {
    "outside": "a fence opens in a block quote or list item, and its first line is outside of it",
    "number": "a fence after a list number other than 1 follows a line of a paragraph",
    "tab": "markdown-it reads a tab after markers in another way than the spaces that it stands for",
    "indent": "markdown-it reads markers that are indented by four columns, which are text or code in CommonMark",
    "html": "an HTML block or a link reference definition is read as a paragraph",
}


def generate_documents(number: int, seed: int, with_html: bool = False) -> Iterator[str]:
    """Yield random documents: lines of markers, indentation, fences and text, most of them in the last containers."""
    generator = random.Random(seed)
    contents = (*_CONTENTS, *_HTML) if with_html else _CONTENTS
    for _ in range(number):
        yield "\n".join(_generate_lines(generator, contents))


def _generate_lines(generator: random.Random, contents: Sequence[str]) -> Iterator[str]:
    prefix = ""
    for _ in range(generator.randint(1, 14)):
        choice = generator.random()
        if choice < 0.2:
            yield generator.choice(_BLANKS)
            continue
        if choice < 0.45:
            opened = "".join(generator.choices(_MARKERS, k=generator.choice([0, 1, 1, 2, 3])))
            kept = prefix if generator.random() < 0.4 else ""
            yield f"{kept}{generator.choice(_INDENTS[:6])}{opened}{generator.choice(contents)}"
            prefix = kept + re.sub(r"[^>\t]", " ", opened)
        elif choice < 0.85:
            yield f"{prefix}{generator.choice(_INDENTS[:5])}{generator.choice(contents)}"
        else:
            yield generator.choice(_INDENTS) + generator.choice(contents)


def list_code_lines(document: str, in_characters: bool = False) -> list[bool]:
    """Return for each line whether the tracker finds it to be code, fed in lines or in single characters."""
    tracker, flags = FenceTracker(), []
    for line in document.split("\n"):
        for piece in line if in_characters else [line]:
            if piece:
                tracker.feed(piece)
        flags.append(tracker.ends_in_code())
        tracker.end_line()
    return flags


def list_code_lines_of_oracle(document: str) -> list[bool]:
    """Return for each line whether markdown-it finds it to be code in a fence."""
    flags = [False] * (document.count("\n") + 1)
    for token, start in _list_fences(document):
        for number in range(start + 1, start + 1 + token.content.count("\n")):
            flags[number] = True
    return flags


def find_difference(document: str) -> Difference | None:
    """Return the first difference, or None. Blank lines at the end of a document are not compared."""
    ends = len(document.rstrip("> \t\n"))
    last = document.count("\n", 0, ends) + 1
    ours, theirs = list_code_lines(document)[:last], list_code_lines_of_oracle(document)[:last]
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if one != other:
            return Difference(document, number, other, _explain(document, number))
    return None


def _list_fences(document: str) -> list[tuple[Token, int]]:
    return [(token, token.map[0]) for token in _ORACLE.parse(document + "\n") if token.type == "fence" and token.map]


def _explain(document: str, number: int) -> str:
    """Return the class of a document whose first difference is a line."""
    lines = document.split("\n")
    for token, start in _list_fences(document):
        assert token.map is not None
        ends_with_container = token.level and token.map[1] == start + 1 + token.content.count("\n")
        if start < number and ends_with_container and not token.content.strip():
            return "outside"
    numbers = re.findall(r"(\d+)[.)][ \t]+(?:```|~~~)", "\n".join(lines[: number + 1]))
    if any(int(each) != 1 for each in numbers):
        return "number"
    return _explain_by_oracle(document, number)


def _explain_by_oracle(document: str, number: int) -> str:
    """Return the class of a document if the oracle contradicts itself on another that has the same code lines."""
    plain = re.sub("|".join(map(re.escape, _HTML)), "text", document)
    spaced = plain.expandtabs(4)
    lines = spaced.split("\n")
    for place, line in enumerate(lines[: number + 1]):
        lines[place] = re.sub(r"^(.*? {4,})[^ ].*", r"\1text", line)
        if list_code_lines("\n".join(lines)) != list_code_lines(spaced):
            lines[place] = line
    for reason, other in (("html", plain), ("tab", spaced), ("indent", "\n".join(lines))):
        if _differ_only_to_oracle(document, other):
            return reason
    return ""


def _differ_only_to_oracle(document: str, other: str) -> bool:
    fences, others = (
        [(token.map, token.content.count("\n")) for token, _ in _list_fences(each)] for each in (document, other)
    )
    return fences != others and list_code_lines(document) == list_code_lines(other)


def main() -> int:
    """Compare documents, print the classes that differ, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--html", action="store_true", help="also generate HTML and link reference definitions")
    options = parser.parse_args()
    found: dict[str, list[Difference]] = {}
    for document in generate_documents(options.documents, options.seed, options.html):
        difference = find_difference(document)
        if difference is not None:
            found.setdefault(difference.reason, []).append(difference)
    sys.stdout.write(f"{options.documents} documents\n")
    for reason, differences in sorted(found.items()):
        shortest = min(differences, key=lambda difference: len(difference.document))
        sys.stdout.write(f"{len(differences):6} {CLASSES.get(reason, 'UNEXPLAINED')}, for example {shortest}\n")
    return 1 if "" in found else 0


if __name__ == "__main__":
    sys.exit(main())
