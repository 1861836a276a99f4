"""What the backend answers to an agent: a tool loop of two commands, with reasoning before each of them.

The backend calls whichever shell tool the agent offers. Requests without one, such as those for a title, get a short
text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from prompt_policy.wire import Endpoint
from tests.support.fake_backend import Response
from tests.support.scripted_answers import Piece, ScriptedAnswer, build_response

SOURCE: Final = "note.txt"
COPY: Final = "copy.txt"
TEXT: Final = "blue\n"
"""The content of the source, which the agent copies."""
PROMPT: Final = f"Copy the colour in {SOURCE} to {COPY}. Then write it."
REASONING: Final = ("I must read the note first.", "The colour is there, so I copy it.")
"""The reasoning of the loop, which the following requests contain."""
COMMANDS: Final = (f"cat {SOURCE}", f"cp {SOURCE} {COPY}")
ANSWER: Final = "The colour is blue."
TITLE: Final = ScriptedAnswer("title", [("content", "A copy")])

COMMAND_PARAMETERS: Final = {"Bash": "command", "bash": "command", "exec_command": "cmd"}
"""The shell tools of the agents, each with the parameter for its command."""

_RUN = re.compile(r"\[run ([\w./-]+)\]")


def speaks(model: str) -> bool:
    """Return whether a model writes a text beside a call. The template of gpt-oss rejects it beside reasoning."""
    return "gpt-oss" not in model


def mark_run(run: str) -> str:
    """Return what a prompt contains so that the requests of its run can be recognised."""
    return f"[run {run}]"


@dataclass(frozen=True)
class SentRequest:
    """A request that reached the backend."""

    endpoint: Endpoint
    body: dict[str, Any]

    @property
    def results(self) -> int:
        """The number of tool results."""
        return count_results(self.body)

    @property
    def is_in_loop(self) -> bool:
        """Whether the request belongs to the tool loop, and not to a title or a summary."""
        return find_shell(self.body) is not None


@dataclass
class Script:
    """Answers every request, and records it by its run."""

    requests: dict[str, list[SentRequest]] = field(default_factory=dict)

    def respond(self, endpoint: str, body: dict[str, Any]) -> Response:
        """Return the next answer of the conversation to which a request belongs."""
        [run] = set(_RUN.findall(json.dumps(body)))
        request = SentRequest(cast(Endpoint, endpoint), body)  # the fake's names of endpoints are the same
        self.requests.setdefault(run, []).append(request)
        shell = find_shell(body)
        answers = build_answers(shell, has_text=speaks(body["model"])) if shell else [TITLE]
        return build_response(endpoint, body, answers[request.results])


def build_answers(shell: str, *, has_text: bool) -> list[ScriptedAnswer]:
    """Return the answers of the loop, with calls of a tool, one of them beside a text."""
    text: list[Piece] = [("content", "\nI copy it.\n")] if has_text else []
    return [
        ScriptedAnswer("first", [("reasoning", f"{REASONING[0]}\n"), *_build_call(shell, COMMANDS[0])]),
        ScriptedAnswer(
            "second",
            [("reasoning", REASONING[1]), ("reasoning", "\n"), *text, *_build_call(shell, COMMANDS[1])],
        ),
        ScriptedAnswer("last", [("reasoning", "\nDone.\n"), ("content", "\n\n"), ("content", f"{ANSWER}\n")]),
    ]


def _build_call(shell: str, command: str) -> list[Piece]:
    arguments = {COMMAND_PARAMETERS[shell]: command}
    if shell != "exec_command":
        arguments["description"] = "Run a command"
    return [("call", shell), ("arguments", json.dumps(arguments))]


def find_shell(body: Mapping[str, Any]) -> str | None:
    """Return the name of the shell tool that a request offers."""
    names = [tool.get("name") or tool.get("function", {}).get("name") for tool in body.get("tools") or ()]
    return next((name for name in names if name in COMMAND_PARAMETERS), None)


def count_results(body: Mapping[str, Any]) -> int:
    """Return the number of tool results in a request of any endpoint."""
    turns = body.get("messages") or body["input"]
    return sum(_count_turn_results(turn) for turn in turns) if isinstance(turns, list) else 0


def _count_turn_results(turn: Mapping[str, Any]) -> int:
    if turn.get("role") == "tool" or turn.get("type") == "function_call_output":
        return 1
    content = turn.get("content")
    return sum(block.get("type") == "tool_result" for block in content) if isinstance(content, list) else 0
