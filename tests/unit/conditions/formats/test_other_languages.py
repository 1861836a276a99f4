"""The phrases in other languages, each with a sentence that needs it."""

from __future__ import annotations

import re

import pytest

from prompt_policy.conditions.formats import other_languages
from prompt_policy.conditions.formats.dictation import dictates_format


@pytest.mark.parametrize(
    "text",
    [
        "Combien font 3 + 4 ? Réponds uniquement par un nombre.",
        "Combien font 3 + 4 ? Sans aucune explication.",
        "Was ist 3 + 4? Antworte nur mit der Zahl.",
        "Was ist 3 + 4? Ohne Begründung.",
        "¿Cuánto es 3 + 4? Responde con una sola palabra.",
        "Quanto fa 3 + 4? Rispondi solo con il numero.",
        "Quanto é 3 + 4? Responda apenas o número.",
        "3たす4は？数字だけを答えてください。",
        "3 더하기 4는? 숫자만 답해.",
        "Сколько будет 3 + 4? Ответь только числом.",
    ],
)
def test_an_instruction_is_found(text: str) -> None:
    assert dictates_format(text)


@pytest.mark.parametrize(
    "text",
    [
        "Combien de nombres seulement pairs y a-t-il entre 1 et 9 ?",
        "Nur 3 von 12 Antworten sind richtig. Wie viel Prozent sind das?",
        "Solo 3 de 12 respuestas son correctas. ¿Qué porcentaje es?",
        "12個のうち3個だけが赤い。赤は何パーセント？",
        "Только 3 ответа из 12 верны. Сколько это процентов?",
    ],
)
def test_a_story_with_the_same_words_dictates_nothing(text: str) -> None:
    assert not dictates_format(text)


def test_every_repetition_is_bounded() -> None:
    assert not re.search(r"(?<!\\)[\])][*+]", other_languages.build_other_pattern())
