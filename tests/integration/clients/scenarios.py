"""What the backend answers: each scenario is a conversation, and each of its answers ends in a tool call or the end.

The pieces are cut where answers of real models are cut: reasoning ends with a newline, text begins with blank lines,
and whitespace of its own stands between reasoning, text and tool calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from tests.support.fake_backend import Response
from tests.support.scripted_answers import ScriptedAnswer, build_response

CLOSED_LATER: Final = ScriptedAnswer(
    "inline",
    [("content", "\nThe user"), ("content", " greets me.\n</thi"), ("content", "nk>\n\n"), ("content", "Hello."),
     ("content", "\n")],
)  # fmt: skip
"""Reasoning within the text, whose opening tag is in the prompt."""

SCENARIOS: Final[dict[str, Sequence[ScriptedAnswer]]] = {
    "plain": [ScriptedAnswer("plain", [("content", "Hello"), ("content", " there.")])],
    "newlines": [
        ScriptedAnswer(
            "newlines",
            [("reasoning", "\n"), ("reasoning", "A short"), ("reasoning", " deliberation."), ("reasoning", "\n"),
             ("content", "\n\n"), ("content", "The answer"), ("content", " is below.\n"), ("content", "\n\n"),
             ("content", "\n"), ("content", "Blue."), ("content", "\n")],
        )
    ],
    "text_with_finish": [
        ScriptedAnswer(
            "text_with_finish",
            [("reasoning", "Let me see.\n"), ("content", "\n"), ("content", "Done.\n"), ("content", "\nReally.\n")],
            finishes_with_text=True,
        )
    ],
    "blank_with_finish": [
        ScriptedAnswer(
            "blank_with_finish", [("reasoning", "Yes.\n"), ("content", "Done."), ("content", "\n")],
            finishes_with_text=True,
        )
    ],
    "cut_off": [
        ScriptedAnswer(
            "cut_off", [("reasoning", "A long"), ("reasoning", "\n\n"), ("content", "\nUnfinished"), ("content", "\n")],
            finish="length",
        )
    ],
    "inline": [CLOSED_LATER],
    "tools": [
        ScriptedAnswer(
            "tools1",
            [("reasoning", "The weather in Paris"), ("reasoning", " is wanted."), ("reasoning", "\n"),
             ("content", "\n\n"), ("call", "get_weather"), ("arguments", '{"city"'), ("arguments", ': "Paris"}')],
        ),
        ScriptedAnswer(
            "tools2",
            [("reasoning", "Two more.\n"), ("content", "\nI will look up two more.\n"), ("call", "get_weather"),
             ("arguments", '{"city": "Rome"}'), ("call", "get_weather"), ("arguments", '{"city": '),
             ("arguments", '"Oslo"}')],
        ),
        ScriptedAnswer(
            "tools3",
            [("reasoning", "Enough.\n"), ("content", "\n\n"), ("content", "It is warm everywhere."), ("content", "\n")],
        ),
    ],
    "blank_between_calls": [
        ScriptedAnswer(
            "between1",
            [("content", "\n"), ("call", "get_weather"), ("arguments", '{"city": "Rome"}'), ("content", "\n\n"),
             ("call", "get_weather"), ("arguments", '{"city": "Oslo"}')],
        ),
        ScriptedAnswer("between2", [("content", "Both are warm."), ("content", "\n\n")]),
    ],
}  # fmt: skip
"""The answers of each conversation in order."""

RESULT: Final = "It is 21 degrees."
"""What the tool returns."""

_MARK = re.compile(r"\[case ([\w.-]+)/(\w+)\]")


def mark_case(program: str, scenario: str) -> str:
    """Return what a user message contains so that its request can be recognised."""
    return f"[case {program}/{scenario}]"


def find_case(body: Any) -> tuple[str, str] | None:
    """Return the program and the scenario of a request's last user message."""
    found = _MARK.findall(json.dumps(body))
    return found[-1] if found else None


def respond(endpoint: str, body: dict[str, Any]) -> Response:
    """Return the scripted response for a request: the next one of its conversation."""
    case = find_case(body)
    if case is None:
        raise LookupError(f"no scenario is named in {body}")
    answers = SCENARIOS[case[1]]
    results, index = _count_results(body), 0
    while results and index + 1 < len(answers):
        results -= answers[index].calls
        index += 1
    return build_response(endpoint, body, answers[index])


def _count_results(body: dict[str, Any]) -> int:
    """Return the number of tool results in the newest turn."""
    turns = body.get("messages") or body["input"]
    newest = "\n".join(json.dumps(turn) for turn in turns) if isinstance(turns, list) else json.dumps(turns)
    return newest[newest.rindex("[case ") :].count(RESULT)
