"""The probe on a real vLLM, under templates of every kind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.vllm.server import Server

TEMPLATES = Path(__file__).parent / "templates"


def probed(server: Server, name: str, *words: str) -> tuple[int, Any]:
    told = subprocess.run(
        [str(Path(sys.executable).parent / "prompt-policy"), "probe", server.root, "--format", "json",
         "--chat-template", str(TEMPLATES / f"{name}.jinja"), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.stdout, told.stderr
    return told.returncode, json.loads(told.stdout)


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("r1_old", {"opens": "nothing", "system": "kept", "two_systems": "lost: the first", "old_thoughts": "lost",
                    "prefill": "kept", "two_users": "kept"}),
        ("r1_new", {"opens": "<think>\n", "prefill": "kept"}),
        ("no_system", {"system": "refused: System role not supported", "old_thoughts": "kept"}),
        ("alternating", {"two_users": "refused: Conversation roles must alternate user/assistant/user/assistant/..."}),
        ("closes_thoughts", {"prefill": "turned into '<think>\\n\\n</think>\\n\\n<think>\\n'"}),
    ],
)  # fmt: skip
def test_what_a_template_does_is_told(servers: dict[bool, Server], name: str, behaviour: dict[str, str]) -> None:
    _, told = probed(servers[False], name, "--model", "plain")

    assert {key: told["behaviour"][key] for key in behaviour} == behaviour
    assert told["max_model_len"] == 1024


@pytest.mark.parametrize("parser", [False, True])
def test_parser_and_seeds_are_told(servers: dict[bool, Server], parser: bool) -> None:
    _, told = probed(servers[parser], "r1_old", "--model", "plain")

    assert told["behaviour"]["reasoning_parser"] == ("on" if parser else "off")
    assert told["behaviour"]["seeds"] == "honoured"
    assert told["vllm"].startswith("0.32.0")


@pytest.mark.parametrize("name", ["r1_old", "r1_new", "no_system", "alternating"])
def test_the_shipped_policy_fits(servers: dict[bool, Server], name: str) -> None:
    status, told = probed(servers[False], name, "--model", "plain", "--policy", "deepseek-r1-distill")

    assert (status, told["misfits"]) == (0, [])
    assert told["policy"].startswith("deepseek-r1-distill@")


def test_a_prefill_that_the_template_corrupts_is_a_misfit_with_its_place(servers: dict[bool, Server]) -> None:
    status, told = probed(servers[False], "closes_thoughts", "--model", "plain", "--policy", "deepseek-r1-distill")

    assert status == 1
    (misfit,) = told["misfits"]
    assert misfit["file"].endswith("deepseek-r1-distill.yaml")
    assert "start-thinking" in Path(misfit["file"]).read_text().splitlines()[misfit["line"] - 1]
    assert "turned into" in misfit["message"]


def test_a_policy_that_keeps_system_messages_is_a_misfit_where_they_are_refused_or_lost(
    servers: dict[bool, Server], tmp_path: Path
) -> None:
    policy = tmp_path / "keeps.yaml"
    policy.write_text("version: 1\nname: keeps\nrules:\n  - {name: tidy, kind: filter_whitespace}\n")

    for name, message in (("no_system", "System role not supported"), ("r1_old", "reads 'alphamark' 0 times")):
        status, told = probed(servers[False], name, "--model", "plain", "--policy", str(policy))
        assert status == 1
        assert any(message in misfit["message"] for misfit in told["misfits"])
