"""Ends streamed answers early, as if the server had ended them.

An object for each API precedes the rewriter of the stream. It passes each event on, until a guard ends the answer; then
it replaces what remains with the events that end an answer of that API.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prompt_policy.wire.endings.chat import ChatEnding, count_choices
from prompt_policy.wire.endings.guard import StreamEnding, TextGuard
from prompt_policy.wire.endings.messages import MessagesEnding
from prompt_policy.wire.requests.base import Endpoint

__all__ = ["StreamEnding", "TextGuard", "count_choices", "create_ending"]

_ENDINGS: Final[dict[Endpoint, Callable[[TextGuard, int], StreamEnding]]] = {
    "chat": ChatEnding,
    "completions": ChatEnding,
    "messages": MessagesEnding,
}


def create_ending(endpoint: Endpoint, guard: TextGuard, choices: int = 1) -> StreamEnding | None:
    """Return an object that ends a stream when the guard says so, or None if streams of the endpoint cannot be ended.

    Arguments:
        endpoint: the format of the stream.
        guard: decides when each choice ends.
        choices: the number of choices that the answer will have.
    """
    create = _ENDINGS.get(endpoint)
    return None if create is None else create(guard, choices)
