"""The system message that a chat template adds by itself, found by comparing prompts."""

from __future__ import annotations

import re
from typing import Final

_SPECIAL: Final = r"(?:<[|｜][^<>\s]{1,60}[|｜]>|\[/?[A-Z_]{2,30}\])"
_SPECIAL_TOKENS_AROUND: Final = re.compile(rf"\A(?:\s|{_SPECIAL})+|(?:\s|{_SPECIAL})+\Z")


def find_default_system(bare: str, marked: str, system: str, question: str) -> str:
    """Return the text that a template adds only if a request has no system message; empty if it adds none.

    Text that the template adds to every request is left out, because a client's system message does not replace it.

    Arguments:
        bare: the prompt of a request without a system message.
        marked: the prompt of the same request with a system message.
        system: the text of that system message.
        question: the text of the user's message, which both prompts contain.
    """
    head, marked_head = bare.partition(question)[0], marked.partition(question)[0]
    before, found, after = marked_head.partition(system)
    if not found or question not in bare:
        return ""
    rest = head[count_shared(head, before) :]
    own = rest[: len(rest) - count_shared(rest[::-1], after[::-1])]
    own = _SPECIAL_TOKENS_AROUND.sub("", own)
    return own if any(map(str.isalpha, own)) else ""


def count_shared(one: str, other: str) -> int:
    """Return the number of characters at the start that two texts share."""
    shorter = min(len(one), len(other))
    return next((index for index in range(shorter) if one[index] != other[index]), shorter)
