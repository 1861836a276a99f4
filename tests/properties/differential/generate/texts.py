"""Texts as models and their users write them, and some that nobody writes; texts cut into pieces."""

from __future__ import annotations

import random
from typing import Final

_ORDINARY: Final = (
    "Hello", " world", "The answer is 42.", " x^2 - 5x + 6 = 0", "Solve ", "secret", "Be kind.", "a contract",
    "你好", "求导数", "，请看。", "写一个Python函数", "合同", "é", "𝄞", "👍🏽", "ไทย", "مرحبا",
    "\n", "\n\n", "\n\n\n\n", " \n", "  \n\t\n", "\r\n", "\r\n\r\n", "\r", "\t", " ", "   ", "\u3000", "\u00a0",
    "# Title\n", "## Part\n\n", "- one\n- two\n", "1. first\n\n\n2. second\n", "> quoted\n", "| a | b |\n|---|---|\n",
    "```python\ndef f():\n\n\n    return 1\n```\n", "```", "\n```\n", "~~~\n\n\n\n~~~\n", "`code`",
    "    indented\n\n\n",
    "**bold**", "$$\\int x$$", "\\boxed{3}", "[link](http://x)", "<b>html</b>", "&amp;",
    "<think>", "</think>", "<think>\n", "\n</think>\n\n", "<think>\n\n</think>\n\n", "<t", "hink>", "</th", "ink>",
    "`<think>`", "Think.", "请思考。", "Don't",
)  # fmt: skip
_ODD: Final = (
    "\x00", "\ufeff", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\u200b", "\u202eabc\u202c", "\ud800", "\udfff\ud83d",
    "\\n", "\\", '"', '{"content": "x"}', "data: [DONE]\n\n", "data: x", "[DONE]", "%s{0}", "\x7f", "/", "\u0085",
    "\\u0041", "<|im_end|>", "<｜Assistant｜>", "'", "\x1b[0m",
)  # fmt: skip


def build_text(rng: random.Random, most: int = 12) -> str:
    """Return a text of some fragments; one in six has odd ones among them, one in twelve is long or empty."""
    if rng.random() < 0.05:
        return ""
    size = rng.randrange(200, 400) if rng.random() < 0.03 else rng.randrange(1, most + 1)
    odd = rng.random() < 0.17
    return "".join(rng.choice(_ODD if odd and rng.random() < 0.4 else _ORDINARY) for _ in range(size))


def build_answer_text(rng: random.Random) -> str:
    """Return the text of an answer, which now and then begins with reasoning in think tags."""
    text = build_text(rng, 20)
    if rng.random() < 0.3:
        text = (
            rng.choice(("<think>\n", "<think>", ""))
            + build_text(rng)
            + rng.choice(("</think>", "\n</think>\n\n"))
            + text
        )
    return rng.choice(("", "", "\n", "\n\n", " \n")) + text


def cut(rng: random.Random, text: str) -> list[str]:
    """Return a text in pieces: as tokens are, one character at a time, or whole; now and then one is empty."""
    way = rng.random()
    if way < 0.1:
        return [text]
    most = 1 if way < 0.15 else rng.choice((5, 12, 40))
    pieces, at = [], 0
    while at < len(text):
        size = rng.randint(1, most)
        pieces.append(text[at : at + size])
        at += size
        if rng.random() < 0.03:
            pieces.append("")
    return pieces
