"""Conversations whose texts are markers, so that a prompt shows which of them a template or a policy lost."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

Message = dict[str, Any]

TOOL: Final = {
    "type": "function",
    "function": {
        "name": "clock",
        "description": "Return the time.",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}},
    },
}
PREFILLED: Final = {"continue_final_message": True, "add_generation_prompt": False}
_MARKER: Final = re.compile(r"#([a-z]+\d*)#")


def system(text: str) -> Message:
    return {"role": "system", "content": f"#{text}#"}


def developer(text: str) -> Message:
    return {"role": "developer", "content": f"#{text}#"}


def user(text: str) -> Message:
    return {"role": "user", "content": f"#{text}#"}


def answer(text: str, reasoning: str | None = None) -> Message:
    return {"role": "assistant", "content": f"#{text}#", **({"reasoning": f"#{reasoning}#"} if reasoning else {})}


def calls(reasoning: str, *numbers: int, content: str = "") -> Message:
    return {"role": "assistant", "content": content, "reasoning": f"#{reasoning}#", "tool_calls": [*map(call, numbers)]}


def call(number: int) -> Message:
    function = {"name": "clock", "arguments": json.dumps({"zone": f"#zone{number}#"})}
    return {"id": f"call0000{number}", "type": "function", "function": function}


def result(number: int) -> Message:
    return {"role": "tool", "tool_call_id": f"call0000{number}", "name": "clock", "content": f"#result{number}#"}


def parts(role: str, *texts: str) -> Message:
    return {"role": role, "content": [{"type": "text", "text": f"#{text}#"} for text in texts]}


LOOP: Final = [user("question"), calls("reasoning1", 1), result(1)]
FINISHED: Final = [*LOOP, answer("answer", "reasoning2"), user("next")]

# Tool loops without a system message: what the model reads of them is the template's business alone.
LOOPS: Final[Mapping[str, Sequence[Message]]] = {
    "single_call": LOOP,
    "call_beside_text": [user("question"), calls("reasoning1", 1, content="#text#"), result(1)],
    "parallel_calls": [user("question"), calls("reasoning1", 1, 2), result(1), result(2)],
    "two_steps": [*LOOP, calls("reasoning2", 2), result(2)],
    "finished_loop": FINISHED,
    "loop_after_loop": [*FINISHED, calls("reasoning3", 3), result(3)],
}
RUNNING: Final = ("single_call", "call_beside_text", "parallel_calls", "two_steps")
MESSAGES: Final[Mapping[str, Sequence[Message]]] = {
    "plain": [user("question")],
    "system": [system("system"), user("question")],
    "two_systems": [system("system"), system("second"), user("question")],
    "late_system": [system("system"), user("question"), answer("answer"), system("late"), user("next")],
    "last_system": [system("system"), user("question"), system("late")],
    "developer": [developer("developer"), user("question")],
    "system_developer": [system("system"), developer("developer"), user("question")],
    "late_developer": [system("system"), user("question"), answer("answer"), developer("late"), user("next")],
    "two_users": [user("question"), user("next")],
    "two_answers": [user("question"), answer("answer"), answer("more"), user("next")],
    "answer_first": [answer("answer"), user("question")],
    "parts": [parts("system", "system", "second"), parts("user", "question", "next")],
    "prefill": [user("question"), answer("answer")],
    "system_loop": [system("system"), *LOOP],
    "system_in_loop": [system("system"), *LOOP, system("late")],
    "user_in_loop": [*LOOP, user("next")],
    **LOOPS,
}


def make_body(model: str, name: str, switch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chat request of a conversation, with the switch that turns thinking on."""
    messages = MESSAGES[name]
    return {
        "model": model,
        "messages": messages,
        **({"chat_template_kwargs": dict(switch)} if switch else {}),
        **({"tools": [TOOL]} if uses_tools(name) else {}),
        **(PREFILLED if name == "prefill" else {}),
    }


def uses_tools(name: str) -> bool:
    """Return whether a conversation has tool calls."""
    return any("tool_calls" in message for message in MESSAGES[name])


def move_reasoning(messages: Sequence[Message], field: str) -> list[Message]:
    """Return messages whose reasoning is in another field, or inline in the content."""
    return [_move_field(message, field) for message in messages]


def _move_field(message: Message, field: str) -> Message:
    rest = {key: value for key, value in message.items() if key != "reasoning"}
    if "reasoning" not in message:
        return message
    if field != "inline":
        return {**rest, field: message["reasoning"]}
    return {**rest, "content": f"<think>\n{message['reasoning']}\n</think>\n\n{message['content']}"}


def find_markers(text: str) -> set[str]:
    """Return the names of the markers in a text."""
    return set(_MARKER.findall(text))
