"""Find text in system prompts that changes with every request, so that the engine's prefix cache ends there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from prompt_policy.wire import Endpoint, JsonObject, create_request

_PATTERNS: Final = {
    "a billing header": r"^x-[a-z-]{1,40}-header:[^\n]{0,200}",
    "a UUID": r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    "a time of day": (
        r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?|"
        r"\b(?:current|now|today)[^\n]{0,60}?\b\d{1,2}:\d{2}(?::\d{2})?|(?:当前|现在|今天)[^\n]{0,30}?\d{1,2}[:：]\d{2}"
    ),
    "a Unix time": r"\b1[6-9]\d{8}(?:\d{3})?\b",
}
_MAX_SHOWN_CHARS: Final = 60
PAGE: Final = "docs/how-to/prefix-cache.md"


def find_volatile_text(received: JsonObject, sent: JsonObject, endpoint: Endpoint) -> Iterator[str]:
    """Yield a note for each kind of volatile text in the received system texts that the sent request still contains.

    Arguments:
        received: the body from the client.
        sent: the body after the policy.
        endpoint: the endpoint of both.
    """
    system = create_request(received, endpoint).system_text
    remaining = "\n".join(create_request(sent, endpoint).conversation.texts)
    for name, pattern in _PATTERNS.items():
        found = re.compile(pattern, re.IGNORECASE | re.MULTILINE).search(system)
        if found and found[0] in remaining:
            shown = found[0] if len(found[0]) <= _MAX_SHOWN_CHARS else found[0][: _MAX_SHOWN_CHARS - 3] + "..."
            yield (
                f"the system text contains {name}, {shown!r}; if it changes with each request, the engine's prefix "
                f"cache ends there. Remove it with a rule of kind edit_text; see {PAGE}"
            )
