"""The requests that the benchmarks send."""

from __future__ import annotations

from typing import Any, Final

MODEL: Final = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
POLICY: Final = "deepseek-r1-distill"
_SENTENCE: Final = "Talk about the rivers of Europe and the towns on their banks, with a sentence on each of them. "


def build_conversation(messages: int = 10, size: int = 3000, **keys: Any) -> dict[str, Any]:
    """Return a chat request of about ``size`` bytes: a system message, then user and assistant in turns.

    Three of the seven rules of the shipped R1 policy change it: sampling, no-system-prompt, start-thinking.
    """
    length = max(1, (size - 60 * messages) // messages)
    turns = [{"role": "system", "content": _repeat("You are a patient tutor. ", length)}]
    for number in range(messages - 1):
        role = "assistant" if number % 2 else "user"
        turns.append({"role": role, "content": _repeat(f"{number}: {_SENTENCE}", length)})
    return {"model": MODEL, "temperature": 1.3, "max_tokens": 512, "messages": turns, **keys}


def _repeat(sentence: str, length: int) -> str:
    return (sentence * (length // len(sentence) + 1))[:length]
