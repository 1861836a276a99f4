"""Requests for something else than the result of a problem, which exclude mathematics whatever the turn contains.

Most of them begin the turn: "Translate into Spanish: ...".
"""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, notation

_START: Final = (
    r"\A[\s\"'#*>]{0,6}(?:(?:please|pls|kindly|hi|hey|hello|ok|now|can you|could you|would you|i need you to|"
    r"i want you to|your (?:task|job) is to|help me)[,!.:]?\s){0,3}"
)
_LANGUAGE_NAME: Final = (
    "(?:english|french|spanish|german|italian|chinese|mandarin|japanese|korean|russian|portuguese|arabic|latin|hindi|"
    "dutch|polish|turkish|swedish|greek)"
)
_DRAFT: Final = r"(?:answer|response|solution|reply|replies|essay|proof|explanation)s?\b"
_TEXT: Final = r"(?:problem|question|text|exercise|sentence|paragraph|email|message|letter|task|passage)\b"
_START_ZH: Final = r"\A[^。！？\n:：]{0,16}"

EXCLUSIONS: Final[tuple[Signal, ...]] = (
    notation(
        "wants a translation",
        rf"{_START}(?:translat(?:e|ion)\b|{_LANGUAGE_NAME} to {_LANGUAGE_NAME}\b)",
        rf"{_START}how (?:do|would|can|should) (?:you|i|we) (?:say|phrase|translate|write|express|put)\b"
        rf"[^?!\n]{{0,60}}\bin {_LANGUAGE_NAME}\b",
        math=-4,
    ),
    notation(
        "wants another wording",
        rf"{_START}(?:summari[sz]e|paraphrase|rephrase|reword|proofread|tl;dr)\b",
        rf"{_START}(?:rewrite|shorten|polish|edit)\s(?:the|this|these|my|following)\s[^.?!\n]{{0,30}}{_TEXT}",
        rf"{_START}(?:generate|create|write|give|suggest|come up with|make up|propose|think of)"
        r"\s[^.?!\n:]{0,40}\btitle\b",
        rf"{_START}(?:convert|turn|transcribe|typeset|write|put|format)\s[^.?!\n]{{0,40}}\b(?:latex|markdown|mathml)\b",
        rf"{_START}(?:classify|tag|label|categori[sz]e)\s(?:the|this|each|these)\b",
        math=-4,
    ),
    notation(
        "wants a grade",
        rf"{_START}(?:grade|score|judge|rate|evaluate|assess|critique|review|compare)\s(?:the|this|these|both|each|how|my)\s"
        rf"[^.?!\n]{{0,40}}{_DRAFT}",
        rf"{_START}(?:please )?act as an? (?:impartial|fair|strict)",
        rf"which of (?:these|the(?: following)?) (?:two |three )?{_DRAFT}",
        rf"(?:student(?:'s|s)?|candidate|model|reference|gold|predicted|expected) {_DRAFT}\s?:",
        r"(?:reference|prediction|assistant [ab12]|response [ab12]|answer [ab12]|reply [ab12])\s?:",
        math=-4,
    ),
    notation(
        "wants a role to be played",
        r"\b(?:stay|remain|reply|answer|respond|speak|be)\s(?:to \w{1,12} )?in (?:character|role)\b",
        math=-4,
    ),
    chinese_phrases(
        "wants something else in Chinese",
        rf"""{_START_ZH}(?:翻译|译成|译为|润色|概括|总结|改写(?:这|下|以|一|[:：])|标题|批改|归类|latex)
        \A(?:请|给|帮|来|你是|作为)[^。！？\n]{{0,12}}(?:打分|评分|评判|裁判|评委)
        学生的?(?:答案|解答|作答|回答)\s?[:：] (?:参考|标准)答案(?:是|为)?\s?[:：]
        (?:回答|助手|答案)\s?[ab12一二]\s?[:：]
        (?:判断|评价|检查)[^。！？\n]{{0,8}}(?:学生|解答|回答|答案)[^。！？\n]{{0,6}}(?:正确|评分|打分)""",
        math=-4,
    ),
)
