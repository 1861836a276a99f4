"""The programs, each of which holds conversations with one client; a reference page is generated from this."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True)
class Program:
    """The packages of a client, the endpoints that it uses, and its scenarios if they are not all."""

    title: str
    packages: tuple[str, ...]
    endpoints: tuple[str, ...]
    scenarios: tuple[str, ...] = ()


PROGRAMS: Final = {
    "anthropic_python": Program("anthropic-python", ("anthropic",), ("messages",)),
    "openai_agents": Program("OpenAI Agents SDK", ("openai-agents", "openai"), ("chat", "responses")),
    "autogen": Program("AutoGen", ("autogen-agentchat", "autogen-ext"), ("chat",)),
    "llm_cli": Program("the command line of LLM", ("llm",), ("chat",), ("newlines", "blank_with_finish", "tools")),
    "openai_node": Program("openai-node", ("openai (npm)",), ("chat", "responses")),
    "vercel_ai": Program(
        "AI SDK of Vercel",
        ("ai (npm)", "@ai-sdk/openai-compatible (npm)", "@ai-sdk/openai (npm)"),
        ("chat", "responses"),
    ),
    "langchain_js": Program("LangChain JS", ("@langchain/openai (npm)",), ("chat", "responses")),
}


def read_versions() -> dict[str, str]:
    """Return the version of each package; those of npm are marked."""
    text = (FOLDER.parent / "requirements.txt").read_text()
    versions = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)$", text, re.MULTILINE))
    modules: dict[str, str] = json.loads((FOLDER.parent / "package.json").read_text())["dependencies"]
    return versions | {f"{name} (npm)": version for name, version in modules.items()}
