"""The coding agents: their settings, which are those of the guide, their commands, and what they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.integration.agents.conversation import ANSWER
from tests.support.page_files import GUIDES, read_blocks

GUIDE: Final = GUIDES / "agents.md"
GUIDE_URL: Final = "http://localhost:4000"
GUIDE_MODEL: Final = "Qwen/Qwen3.8-27B"
GUIDE_KEY: Final = "LITELLM_MASTER_KEY"
"""What the settings in the guide name; a run replaces the first two."""
Event = tuple[str, Any]
"""A text that the agent shows, or a command with its output."""


@dataclass(frozen=True)
class Agent:
    """A coding agent, and how it is run without a terminal.

    ``settings``: the name of the guide's code block, and the place of this file below the home folder. ``variables``:
    those that turn off updates, telemetry and other requests to the internet. ``read_events``: the events in the lines
    that the agent prints.
    """

    title: str
    package: str
    endpoint: str
    settings: tuple[str, str]
    command: tuple[str, ...]
    variables: dict[str, str]
    read_events: Callable[[list[dict[str, Any]]], Iterator[Event]]

    def write_settings(self, home: Path, url: str, model: str) -> None:
        """Write the settings of the guide for a host and a model."""
        name, place = self.settings
        text = read_guide_block(name).replace(GUIDE_URL, url).replace(GUIDE_MODEL, model)
        file = home / place
        file.parent.mkdir(parents=True)
        file.write_text(text)


def read_guide_block(name: str) -> str:
    """Return the code block of the guide with a file name."""
    [text] = [block.text for block in read_blocks(GUIDE) if block.name == name]
    return text


def read_claude_events(lines: list[dict[str, Any]]) -> Iterator[Event]:
    """Yield the events of ``claude --output-format stream-json``."""
    for line in lines:
        if line["type"] in ("assistant", "user"):
            for block in line["message"]["content"]:
                if block["type"] in ("thinking", "text"):
                    yield block["type"], block[block["type"]].strip()
                elif block["type"] == "tool_use":
                    yield "command", block["input"]["command"]
                elif block["type"] == "tool_result":
                    yield "output", block["content"]
        elif line["type"] == "result":
            yield "result", [line["subtype"], line["result"].strip(), line["num_turns"]]


def read_codex_events(lines: list[dict[str, Any]]) -> Iterator[Event]:
    """Yield the events of ``codex exec --json``."""
    for line in lines:
        item = line.get("item", {})
        if line["type"] == "item.completed" and item["type"] == "agent_message":
            yield "text", item["text"].strip()
        elif line["type"] == "item.completed" and item["type"] == "command_execution":
            yield "command", [item["command"], item["aggregated_output"], item["exit_code"]]
        elif line["type"].startswith("turn."):
            yield line["type"], line.get("usage")


def read_opencode_events(lines: list[dict[str, Any]]) -> Iterator[Event]:
    """Yield the events of ``opencode run --format json``; in each step its texts before its commands.

    opencode runs a command while the stream is still open, and prints a text when the stream ends: the order of the two
    depends on how fast the command is.
    """
    commands: list[Event] = []
    for line in lines:
        part = line["part"]
        if line["type"] == "text":
            yield "text", part["text"].strip()
        elif line["type"] == "tool_use":
            state = part["state"]
            commands.append(("command", [state["input"], state["output"], state["metadata"]["exit"]]))
        elif line["type"] == "step_finish":
            yield from commands
            commands.clear()
            yield "finish", part["reason"]


def parse_lines(output: str) -> list[dict[str, Any]]:
    """Return the lines of JSON that an agent printed."""
    return [json.loads(line) for line in output.splitlines()]


def find_last_text(events: list[Event]) -> str:
    """Return the last text that an agent showed."""
    return next((str(value) for kind, value in reversed(events) if kind == "text" and ANSWER in value), "")


AGENTS: Final = {
    "claude": Agent(
        "Claude Code",
        "@anthropic-ai/claude-code",
        "messages",
        ("settings.json", ".claude/settings.json"),
        ("-p", "--output-format", "stream-json", "--verbose", "--allowedTools", "Bash", "--"),
        {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "IS_SANDBOX": "1"},
        read_claude_events,
    ),
    "codex": Agent(
        "Codex",
        "@openai/codex",
        "responses",
        ("config.toml", ".codex/config.toml"),
        ("exec", "--json", "--skip-git-repo-check", "--sandbox", "danger-full-access",
         "-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false", "--"),
        {},
        read_codex_events,
    ),
    "opencode": Agent(
        "opencode",
        "opencode-ai",
        "chat",
        ("opencode.json", ".config/opencode/opencode.json"),
        ("run", "--format", "json", "--"),
        dict.fromkeys(
            ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_DEFAULT_PLUGINS", "OPENCODE_DISABLE_LSP_DOWNLOAD",
             "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_SHARE"),
            "1",
        ),
        read_opencode_events,
    ),
}  # fmt: skip
"""The agents by the names of their programs."""
