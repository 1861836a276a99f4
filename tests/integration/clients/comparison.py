"""What a client saw with a policy, and what it should have seen: the same as without, but for the text.

Only the events without the policy are cleaned here: their whitespace as the policy's rules state, the opening tag is
restored, and text of which nothing is left is removed. In both, the pieces of one text are joined, because a client
cannot rely on where a text is cut, and values that differ from run to run are removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from tests.integration.clients.runs import Case, Outcome

# Not among them is the thinking of Messages, which no policy changes, because the server signs it.
TEXT_KEYS: Final = frozenset(
    {"content", "delta", "final_output", "output_text", "reasoning", "reasoning_content", "response", "text", "thought"}
)  # fmt: skip
VOLATILE_KEYS: Final = frozenset(
    {"id", "item_id", "created", "created_at", "completed_at", "timestamp", "response_id", "responseId",
     "sequence_number", "output_index", "index", "trace", "_request_id"}
)  # fmt: skip
"""Identities, times, and positions, which are replaced by the order of blocks."""

Clean = Callable[[str], str]


def _clean_for_qwen3(text: str) -> str:
    return text.lstrip()


def _clean_for_r1(text: str) -> str:
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text.strip())


CLEAN: Final[dict[str, Clean]] = {"qwen3": _clean_for_qwen3, "r1": _clean_for_r1, "gpt-oss": str}
"""What the shipped policies do with a text."""


def build_clean(host: str, case: Case) -> Clean:
    """Return the change of an answer's text in a case."""
    clean = CLEAN[case.model]
    if case.restores_opening(host):
        return lambda text: clean(f"<think>\n{text}") if text else ""
    if not case.has_reasoning:
        return clean
    # AutoGen shows reasoning and content as one text, with tags of its own between.
    return lambda text: "".join(
        piece if piece in ("<think>", "</think>") else clean(piece) for piece in re.split("(</?think>)", text)
    )


def build_expected(host: str, case: Case, outcome: Outcome) -> list[Any]:
    """Return what a client should see with the policy, from what it saw without.

    Text that becomes empty is removed, because Anthropic rejects a history with an empty block. On Responses the item
    stays, and only its pieces are removed.
    """
    clean = build_clean(host, case)
    stays_empty = case.path == "responses"
    # LangChain builds a streamed message from its pieces, so a text without pieces is not in it.
    removes = not stays_empty or (case.program == "langchain_js" and case.stream)
    # The AI SDK leaves empty texts out of its history by itself.
    removes_history = not stays_empty or case.program == "vercel_ai"
    events = _drop_blank_texts(list(_join_deltas(outcome.events, clean)), removes)
    normalizer = Normalizer(clean, removes, removes_history)
    return _normalize([*events, *_list_requests(outcome)], normalizer)


def build_actual(outcome: Outcome) -> list[Any]:
    """Return what a client saw with the policy, in the same form."""
    return _normalize(
        [*_join_deltas(outcome.events, str), *_list_requests(outcome)],
        Normalizer(str, removes=False, removes_history=False),
    )


def _list_requests(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the turns of every request, which contain the history that the client stored."""
    return [{"type": "request", "history": body.get("messages") or body["input"]} for body in outcome.requests]


def _join_deltas(events: list[dict[str, Any]], clean: Clean) -> Iterator[dict[str, Any]]:
    """Yield the events; consecutive ones with pieces of one block become one for each type."""
    for block, group in groupby(events, key=lambda event: event.get("block") if "delta" in event else None):
        joined: dict[str, dict[str, Any]] = {}
        for event in group:
            if block is None:
                yield event
            elif event["type"] in joined:
                joined[event["type"]]["delta"] += event["delta"]
            else:
                joined[event["type"]] = dict(event)
        yield from ({**event, "delta": clean(event["delta"])} for event in joined.values())


def _drop_blank_texts(events: list[dict[str, Any]], removes: bool) -> Iterator[dict[str, Any]]:
    """Yield the events without pieces of which nothing is left; if it removes, without the others of their block."""
    texts: dict[str, str] = {}
    for event in events:
        if "delta" in event and "block" in event:
            texts[event["block"]] = texts.get(event["block"], "") + event["delta"]
    blank = {block for block, text in texts.items() if not text} if removes else set()
    yield from (event for event in events if event.get("block") not in blank and event.get("delta") != "")


def _normalize(events: Iterable[dict[str, Any]], normalizer: Normalizer) -> list[Any]:
    blocks: dict[str, int] = {}
    normalized = []
    for event in events:
        changed = normalizer.normalize({key: value for key, value in event.items() if key != "delta"})
        if any(normalizer.is_removed(event.get(key), changed.get(key)) for key in ("item", "value")):
            continue
        if "block" in event:
            changed["block"] = blocks.setdefault(event["block"], len(blocks))
        if "delta" in event:
            changed["delta"] = event["delta"]
        normalized.append(changed)
    return normalized


@dataclass(frozen=True)
class Normalizer:
    """Clean the texts of values and remove what is volatile; an empty text, null and no text are the same.

    ``removes``: a value that consists of text, and is empty when it is cleaned, is removed; ``removes_history``: also
    from the messages that the client stores and sends.
    """

    clean: Clean
    removes: bool
    removes_history: bool

    def normalize(self, value: Any) -> Any:
        """Return a value in normal form."""
        if isinstance(value, list):
            pairs = [(item, self.normalize(item)) for item in value]
            return [after for before, after in pairs if not self.is_removed(before, after)]
        if not isinstance(value, dict):
            return value
        result = {}
        for key, item in value.items():
            if key in TEXT_KEYS and isinstance(item, str):
                result[key] = item if _is_from_client(value) else self.clean(item)
            elif key == "history":
                result[key] = replace(self, removes=self.removes_history).normalize(item)
            elif key not in VOLATILE_KEYS:
                result[key] = item if _is_from_client(value) and key == "content" else self.normalize(item)
            if key in TEXT_KEYS and result[key] in ("", None, []):
                del result[key]
        return result

    def is_removed(self, before: Any, after: Any) -> bool:
        """Whether a value was text only, and cleaning left nothing of it."""
        if not self.removes or not isinstance(before, dict) or before.get("tool_calls"):
            return False
        had = {key for key in TEXT_KEYS & before.keys() if before[key]}
        return bool(had) and not had & (after or {}).keys()


def _is_from_client(message: dict[str, Any]) -> bool:
    """Whether a message is not the model's."""
    return message.get("role", message.get("source")) in ("user", "system", "developer", "tool")
