"""Comparing a checkpoint's files with a policy. The templates are the makers' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.authoring.checkpoint_diff import diff_checkpoint
from prompt_policy.errors import UsageError
from prompt_policy.policy.model import Policy
from tests.support.maker_templates import read_maker_template
from tests.support.policies import policy_of

FOLD = {"name": "fold", "kind": "fold_system", "into": "first_user"}
MERGE = {"name": "merge", "kind": "merge_turns", "roles": ["user", "assistant"]}


def write_checkpoint(folder: Path, template: str | None = None, **files: Any) -> None:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    if template is not None:
        (folder / "chat_template.jinja").write_text(read_maker_template(template))


def diff(folder: Path, policy: Policy) -> list[str]:
    return [f"{found.file}: {found.text}" for found in diff_checkpoint(folder, "m", policy)[0]]


@pytest.mark.parametrize(
    ("shipped", "default", "expected"),
    [
        ({"temperature": 0.6}, 0.6, []),
        ({"temperature": 0.7}, 0.6, ["generation_config.json: temperature is 0.7; the policy sets 0.6"]),
        ({"temperature": 1.0}, 1, []),
        ({"top_p": 0.9}, 0.6, []),
        ({}, 0.6, []),
    ],
)
def test_sampling_defaults_are_compared(
    tmp_path: Path, shipped: dict[str, float], default: float, expected: list[str]
) -> None:
    write_checkpoint(tmp_path, generation_config=shipped)
    assert diff(tmp_path, policy_of({"kind": "clamp", "parameters": {"temperature": {"default": default}}})) == expected


def test_a_value_of_another_mode_agrees(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, generation_config={"temperature": 0.7})
    thinking = {"name": "a", "kind": "clamp", "when": {"thinking": "on"}, "parameters": {"temperature": {"value": 1}}}
    instruct = {
        "name": "b",
        "kind": "clamp",
        "when": {"thinking": "off"},
        "parameters": {"temperature": {"value": 0.7}},
    }
    assert diff(tmp_path, policy_of(thinking, instruct)) == []
    assert diff(tmp_path, policy_of(thinking)) == ["generation_config.json: temperature is 0.7; the policy sets 1"]


def test_a_context_longer_than_the_models_is_reported(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, config={"max_position_embeddings": 4096})
    assert diff(tmp_path, policy_of(FOLD, engine={"max_model_len": 8192})) == [
        "config.json: the context has 4096 tokens; the policy asks for 8192"
    ]
    assert diff(tmp_path, policy_of(FOLD, engine={"max_model_len": 4096})) == []


def test_a_conversation_that_the_template_rejects_is_reported(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, "google-gemma-2-2b-it")
    found = diff(tmp_path, policy_of(MERGE))
    assert any("chat template: rejects a system message, as the policy sends it: System role" in text for text in found)
    assert not any("system message" in text for text in diff(tmp_path, policy_of(FOLD, MERGE)))


def test_another_opening_than_the_templates_is_reported(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, "MiniMax-M2")
    opening = {"name": "open", "kind": "force_opening", "method": "template", "text": "<think>\n"}
    assert diff(tmp_path, policy_of(opening)) == []
    assert diff(tmp_path, policy_of({**opening, "text": "[THINK]"})) == [
        "chat template: opens the answer with '<think>\\n'; the rule open restores '[THINK]'"
    ]


@pytest.mark.parametrize(
    ("template", "keys", "expected"),
    [
        ("Qwen-Qwen2.5-7B-Instruct", {}, "set empty_system: true to prevent it, or set empty_system: false if"),
        ("Qwen-Qwen2.5-7B-Instruct", {"empty_system": True}, None),
        ("Qwen-Qwen2.5-7B-Instruct", {"empty_system": False}, None),
        ("Qwen-Qwen2.5-7B-Instruct", {"mode": "off"}, None),
        ("HuggingFaceTB-SmolLM3-3B", {"empty_system": True}, "the rule fold sets empty_system without effect: the"),
        ("Qwen-Qwen3-0.6B", {}, None),
    ],
)
def test_a_rule_that_folds_for_a_template_with_its_own_message_is_reported(
    tmp_path: Path, template: str, keys: dict[str, Any], expected: str | None
) -> None:
    write_checkpoint(tmp_path, template)
    found = [text for text in diff(tmp_path, policy_of({**FOLD, **keys})) if "adds" in text]
    assert len(found) == (1 if expected else 0)
    assert expected is None or expected in found[0]


def test_a_checkpoint_without_template_is_noted(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, config={})
    assert diff_checkpoint(tmp_path, "m", policy_of(FOLD)) == (
        [], ["the checkpoint has no chat template; templates were not compared"]
    )  # fmt: skip


def test_a_folder_without_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="contains none of generation_config.json"):
        diff_checkpoint(tmp_path, "m", policy_of(FOLD))
