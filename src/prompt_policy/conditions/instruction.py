"""The parts of a turn in which its author speaks: an instruction stands before or after the text that it is about."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, Literal, NamedTuple

Writing = Literal["latin", "han", "other"]
"""The writing of a part: Latin letters, Chinese characters without kana, or another script."""
_MAX_EDGE_CHARS: Final = 300
_ADDRESSES: Final = 3
_COMMANDS: Final = 2
QUESTION_RANK: Final = 1

_END: Final = r"[。！？!?\n：]|[.:;](?=\s|$)|[.:](?=[^\x00-\x7f])"
_VERBS: Final = (
    "translate", "solve", "explain", "summari[sz]e", "write", "rewrite", "fix", "correct", "proofread", "find",
    "compute", "calculate", "prove", "show", "count", "list", "describe", "give", "tell", "help", "check", "convert",
    "compare", "classify", "evaluate", "simplify", "determine", "how do i",
)  # fmt: skip
_LATIN: Final = {
    _ADDRESSES: r"\b(?:please|answer|respond|reply|can you|could you)\b",
    _COMMANDS: rf"\b(?:{'|'.join(_VERBS)})\b",
    QUESTION_RANK: r"\b(?:what|how|why|who|when|where|which|is|are|does|do|did|can|could|should|would)\b",
}
_HAN: Final = {
    _ADDRESSES: r"(?:请|請)(?:你|您)?(?:用|回答|问|問|以)|用[中英]文(?:回答|作答|解答)",
    _COMMANDS: (
        r"请|請|翻译|翻譯|解答|解方程|解释|解釋|总结|總結|概括|回答|计算|計算|求|证明|證明|帮我|幫我|修改|改写|检查|写|寫|"
        r"^(?:将|將|對|对|把)(?:以下|下面|下列|这|這|一)|看看|看一下|分析|说明|題目|题目|问题：|問題："
    ),
    QUESTION_RANK: r"什么|什麼|怎么|怎麼|怎样|如何|为什么|為什麼|多少|几|幾|哪|吗|嗎|呢|是否|对不对",
}
_OTHER: Final = {
    _COMMANDS: (
        r"ください|下さい|訳して|翻訳|解いて|教えて|説明して|要約|"
        r"번역|풀어|설명|요약|주세요|해 ?줘|알려|переведи|реши|объясни|найди|"
        r"вычисли|докажи|пожалуйста"
    ),
    QUESTION_RANK: r"[?？]|か。|ですか",
}
_COLONS: Final = (":", "：")
_MIN_HEAD_CHARS: Final = 3


class _Patterns(NamedTuple):
    end: re.Pattern[str]
    by_writing: dict[Writing, tuple[tuple[int, re.Pattern[str]], ...]]


@cache
def _patterns() -> _Patterns:
    words: dict[Writing, dict[int, str]] = {"latin": _LATIN, "han": _HAN, "other": _OTHER}
    by_writing = {
        writing: tuple((rank, re.compile(pattern, re.IGNORECASE)) for rank, pattern in ranks.items())
        for writing, ranks in words.items()
    }
    return _Patterns(re.compile(_END), by_writing)


def split_edges(prose: str) -> tuple[str, str]:
    """Return the first and the last sentence of a text, each bounded; a colon and a line end also end a sentence."""
    text = prose.strip()
    end = _patterns().end
    first = end.search(text, 0, _MAX_EDGE_CHARS)
    head = text[: first.end()] if first else text[:_MAX_EDGE_CHARS]
    tail = text[-_MAX_EDGE_CHARS:]
    ends = [match.end() for match in end.finditer(tail) if match.end() < len(tail.rstrip())]
    return head, tail[ends[-1] :] if ends else tail


def rank_instruction(sentence: str, writing: Writing, *, is_head: bool) -> int:
    """Return how clearly a sentence is an instruction: 0 if it is not; a question less than a command."""
    ranks = _patterns().by_writing[writing]
    found = next((rank for rank, words in ranks if words.search(sentence)), 0)
    if is_head and writing != "latin" and len(sentence) >= _MIN_HEAD_CHARS and sentence.endswith(_COLONS):
        return max(found, _COMMANDS)  # English labels, such as "Question:", precede texts in every language
    return found
