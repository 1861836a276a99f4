"""Generates labelled turns from the templates in ``turns/``; the same seed gives the same turns."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TURNS: Final = Path(__file__).with_name("turns")
_CHOICE: Final = re.compile(r"<([^<>]*)>")
_SLOT: Final = re.compile(r"\{([^{}:]+)\}")
_NUMBER: Final = re.compile(r"\{n:(\d+)-(\d+)\}")
_GREETINGS: Final = (
    "hi, ",
    "hey, ",
    "Hello! ",
    "please ",
    "Please ",
    "can you ",
    "pls ",
    "Quick question: ",
    "so ",
    "ok ",
)
_SOURCE: Final = "generated"
MAX_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    """A turn with its task, its language and the name of its source."""

    text: str
    task: str
    language: str
    source: str
    weight: float = 1.0


class Generator:
    """Fills templates.

    Arguments:
        seed: of the random numbers.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._slots = {
            name: words.split("|") for name, _colon, words in (line.partition(": ") for line in read_lines("slots.txt"))
        }

    def generate(self, copies: int) -> Iterator[LabelledTurn]:
        """Yield turns: of each template, up to a number of copies without duplicates.

        Arguments:
            copies: per template without a problem in it; a template around a problem yields four times as many.
        """
        for language, name in (("en", "english"), ("zh", "chinese")):
            problems = list(self._fill_all(read_lines(f"{name}_math.txt"), copies))
            for text in problems:
                yield LabelledTurn(self._vary(text, language), "math", language, _SOURCE)
            for frames, task in (("math_frames", "math"), ("other_frames", "other")):
                for frame in read_lines(f"{name}_{frames}.txt"):
                    for problem in self._random.sample(problems, min(4 * copies, len(problems))):
                        yield LabelledTurn(self.frame(frame, problem), task, language, f"{_SOURCE} {frames}")
            for task in ("other", "code"):
                for text in self._fill_all(read_lines(f"{name}_{task}.txt"), copies):
                    yield LabelledTurn(self._vary(text, language), task, language, _SOURCE)
        for text in self._fill_all(read_lines("other_languages_other.txt"), copies):
            yield LabelledTurn(text, "other", "other", _SOURCE)
        for text in self._fill_all(read_lines("code_other.txt"), copies):
            yield LabelledTurn(text, "other", "en" if text.isascii() else "zh", f"{_SOURCE} near code")

    def frame(self, frame: str, problem: str) -> str:
        """Return a problem within a frame."""
        text = self._fill(frame.replace("{problem}", "\0").replace("{answer}", str(self._random.randint(2, 400))))
        return text.replace("\0", problem)

    def _fill_all(self, templates: list[str], copies: int) -> Iterator[str]:
        seen = set()
        for template in templates:
            for _ in range(copies):
                if (text := self._fill(template)) not in seen:
                    seen.add(text)
                    yield text

    def _fill(self, template: str) -> str:
        text = template
        while (choice := _CHOICE.sub(lambda match: self._random.choice(match[1].split("|")), text)) != text:
            text = choice
        text = _SLOT.sub(lambda match: self._random.choice(self._slots.get(match[1], [match[0]])), text)
        text = _NUMBER.sub(lambda match: str(self._random.randint(int(match[1]), int(match[2]))), text)
        return text.replace("\\n", "\n")

    def _vary(self, text: str, language: str) -> str:
        """Return a text as people write it: with or without capitals, final sign and greeting."""
        draw = self._random.random
        if language == "en":
            text = text if draw() < 0.5 else text[0].upper() + text[1:] if draw() < 0.6 else text.lower()
            text = f"{self._random.choice(_GREETINGS)}{text}" if draw() < 0.15 else text
        elif draw() < 0.7:
            text = re.sub(r",(?=\D|$)", "，", text).replace("?", "？")
        if text[-1].isalnum() and draw() < 0.4:
            text += self._random.choice("?.!" if language == "en" else "？。?")
        elif text[-1] in "?.？。" and draw() < 0.25:
            text = text[:-1]
        return text


def read_lines(name: str) -> list[str]:
    """Return the lines of a file of templates without comments."""
    return [
        line for line in (TURNS / name).read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")
    ]
