"""The probe on a real vLLM, with several chat templates."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.vllm_server import MAX_MODEL_LEN, Server

TEMPLATES = Path(__file__).parent / "templates"


def run_probe(server: Server, name: str, *words: str) -> tuple[int, Any]:
    result = subprocess.run(
        [str(Path(sys.executable).parent / "prompt-policy"), "probe", server.root, "--format", "json",
         "--chat-template", str(TEMPLATES / f"{name}.jinja"), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout)


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("r1_old", {"opens": "nothing", "system": "kept", "two_systems": "lost: the first", "earlier_reasoning": "lost",
                    "prefill": "kept", "two_users": "kept"}),
        ("r1_new", {"opens": "<think>\n", "prefill": "kept"}),
        ("no_system", {"system": "refused: System role not supported", "earlier_reasoning": "kept"}),
        ("alternating", {"two_users": "refused: Conversation roles must alternate user/assistant/user/assistant/..."}),
        ("closes_thoughts", {"prefill": "turned into '<think>\\n\\n</think>\\n\\n<think>\\n'"}),
    ],
)  # fmt: skip
def test_the_behaviour_of_a_template_is_reported(
    servers: dict[bool, Server], name: str, behaviour: dict[str, str]
) -> None:
    _, report = run_probe(servers[False], name, "--model", "plain")

    assert {key: report["behaviour"][key] for key in behaviour} == behaviour
    assert report["max_model_len"] == MAX_MODEL_LEN


@pytest.mark.parametrize("parser", [False, True])
def test_parser_and_seeds_are_reported(servers: dict[bool, Server], parser: bool) -> None:
    _, report = run_probe(servers[parser], "r1_old", "--model", "plain")

    assert report["behaviour"]["reasoning_parser"] == ("on" if parser else "off")
    assert report["behaviour"]["seeds"] == "honoured"
    assert report["vllm"].startswith("0.32.0")


@pytest.mark.parametrize("name", ["r1_old", "r1_new", "no_system", "alternating"])
def test_the_shipped_policy_is_compatible(servers: dict[bool, Server], name: str) -> None:
    status, report = run_probe(servers[False], name, "--model", "plain", "--policy", "deepseek-r1-distill")

    assert (status, report["misfits"]) == (0, [])
    assert report["policy"].startswith("deepseek-r1-distill@")


def test_a_corrupted_prefill_is_reported_with_its_place(servers: dict[bool, Server]) -> None:
    status, report = run_probe(servers[False], "closes_thoughts", "--model", "plain", "--policy", "deepseek-r1-distill")

    assert status == 1
    (misfit,) = report["misfits"]
    assert misfit["file"].endswith("deepseek-r1-distill.yaml")
    assert "start-thinking" in Path(misfit["file"]).read_text().splitlines()[misfit["line"] - 1]
    assert "turned into" in misfit["message"]


def test_keeping_system_messages_that_get_lost_is_incompatible(servers: dict[bool, Server], tmp_path: Path) -> None:
    policy = tmp_path / "keeps.yaml"
    policy.write_text("version: 1\nname: keeps\nrules:\n  - {name: tidy, kind: filter_whitespace}\n")

    for name, message in (("no_system", "System role not supported"), ("r1_old", "'alphamark' appears 0 times")):
        status, report = run_probe(servers[False], name, "--model", "plain", "--policy", str(policy))
        assert status == 1
        assert any(message in misfit["message"] for misfit in report["misfits"])
