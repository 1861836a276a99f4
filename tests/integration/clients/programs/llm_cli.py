"""The command line of ``llm``, which stores each answer in a database: a prompt, and one that continues from there.

The commands run within this process, because each would spend most of its time on imports.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.integration.clients.programs.common import TOOL, Event, run_cases

FOLDER = Path(tempfile.mkdtemp())
os.environ["LLM_USER_PATH"] = str(FOLDER)
LOGGED = (
    "prompt", "system", "response", "reasoning", "response_json", "tool_calls", "tool_results", "input_tokens",
    "output_tokens",
)  # fmt: skip


def run_case(settings: dict[str, Any], case: dict[str, Any]) -> list[Event]:
    """Hold one conversation of two turns."""
    from llm.cli import cli  # it reads its folder when it is imported

    model = {"model_id": "served", "model_name": case["model"], "api_base": f"{settings['url']}/v1"}
    features = {"supports_tools": True, "can_stream": True, "api_key_name": "served"}
    (FOLDER / "extra-openai-models.yaml").write_text(json.dumps([{**model, **features}]))
    options = ["-m", "served", "--key", settings["key"]]
    for name, value in case["sampling"].items():
        options += ["-o", name, str(value)]
    if case["tools"]:
        options += ["--functions", f"def {TOOL}(city: str) -> str:\n    return {settings['result']!r}\n"]
    if not case["stream"]:
        options.append("--no-stream")
    events: list[Event] = []
    for extra in (["-s", case["system"]], ["-c"]):
        output = _run_command(cli, [*options, *extra, case["prompt"]])
        # The output of a loop is several answers without a border; the log has each of them.
        events.append({"type": "output", "text": "" if case["tools"] else output.removesuffix("\n")})
    logs = json.loads(_run_command(cli, ["logs", "-c", "--json", "-n", "0"]))
    return [*events, *({"type": "log", **{name: entry[name] for name in LOGGED}} for entry in logs)]


def _run_command(cli: Any, arguments: list[str]) -> str:
    """Return what a command prints; its failure is an exception."""
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    if result.exit_code:
        raise RuntimeError(result.output)
    return result.stdout


if __name__ == "__main__":
    run_cases(run_case)
