"""Drafting a policy from a checkpoint's files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import load
from prompt_policy.authoring.draft import TEMPLATE_NOT_RENDERED, draft_policy
from prompt_policy.errors import UsageError
from prompt_policy.testing import run_policy
from tests.support.chat_templates import TEMPLATES
from tests.support.maker_templates import read_maker_template

SAMPLING = {
    "do_sample": True,
    "temperature": 0.6,
    "top_p": 0.95,
    "repetition_penalty": 1.0,
    "transformers_version": "5",
}
OWN = sorted(file.stem for file in TEMPLATES.glob("*.jinja"))
QWEN3, GEMMA_2, SMOLLM3 = "Qwen-Qwen3-0.6B", "google-gemma-2-2b-it", "HuggingFaceTB-SmolLM3-3B"
MAKERS = [QWEN3, GEMMA_2, SMOLLM3, "Qwen3.5-4B", "Qwen-QwQ-32B", "deepseek-ai-DeepSeek-V3.1", "GLM-4.7-Flash",
          "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "ibm-granite-granite-3.3-2B-Instruct", "openai-gpt-oss-120b",
          "mistralai-Ministral-3-14B-Reasoning-2512", "MiniMax-M2", "Kimi-K3"]  # fmt: skip


def make_checkpoint(
    folder: Path, template: str | None, generation: dict[str, Any] | None = None, config: dict[str, Any] | None = None
) -> Path:
    folder.mkdir(parents=True)
    if template:
        source = (TEMPLATES / f"{template}.jinja").read_text() if template in OWN else read_maker_template(template)
        (folder / "chat_template.jinja").write_text(source)
    for name, content in (("generation_config.json", generation), ("config.json", config)):
        if content is not None:
            (folder / name).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("generation", [None, SAMPLING], ids=["bare", "sampling"])
@pytest.mark.parametrize("template", [None, *OWN, *MAKERS])
def test_a_draft_is_a_policy_whose_cases_pass(template: str | None, generation: Any, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "My Model-7B", template, generation, {"architectures": ["MyForCausalLM"]})
    name, text = draft_policy(folder, None, "{name}.yaml")
    assert name == "my-model-7b"
    assert text.startswith("# DRAFT")
    file = tmp_path / "draft.yaml"
    file.write_text(text)

    result = run_policy(load(file))

    assert result.passed
    assert result.never_fired == result.always_fired == ()


def test_a_draft_contains_the_facts_of_the_files(tmp_path: Path) -> None:
    config = {"architectures": ["Qwen2ForCausalLM"], "max_position_embeddings": 4096,
              "quantization_config": {"quant_method": "awq"}}  # fmt: skip
    folder = make_checkpoint(tmp_path / "Tiny", QWEN3, {**SAMPLING, "max_new_tokens": 512}, config)
    _, text = draft_policy(folder, None, "x.yaml")
    assert "# config.json: Qwen2ForCausalLM, 4096 tokens of context, awq." in text
    assert "temperature: {default: 0.6}" in text
    assert "repetition_penalty" not in text  # the engine's own default
    assert "limits an answer to 512 tokens" in text
    assert "chat_template_kwargs: enable_thinking." in text
    assert "reasoning of earlier turns: lost" in text
    assert "turned into '<think>\\n\\n</think>\\n\\n<think>\\n'" in text
    assert "force_opening" not in text


def test_rejected_system_messages_are_folded(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "g", GEMMA_2), None, "x.yaml")
    assert "system messages are refused: System role not supported" in text
    assert "  - name: no-system-prompt\n" in text


def test_a_second_system_message_that_is_lost_needs_a_decision(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "s", SMOLLM3), None, "x.yaml")
    assert "# DECIDE: of two system messages one is lost: the second." in text
    assert "  #- {name: no-system-prompt" in text
    assert "  #- {name: later-system-messages, kind: fold_system, which: later}" in text


def test_the_own_system_message_of_a_template_is_a_fact(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "q", "Qwen-Qwen2.5-7B-Instruct"), None, "x.yaml")
    own = '"You are Qwen, created by Alibaba Cloud. You are a helpful assistant."'
    assert f"#   without a system message: adds its own: {own}\n#   an empty system message: adds nothing\n" in text
    _, smollm = draft_policy(make_checkpoint(tmp_path / "s", SMOLLM3), None, "x.yaml")
    assert "#   an empty system message: adds the same\n" in smollm
    assert "  # If all are moved, the template adds its own: DECIDE empty_system: true or false.\n" in smollm
    _, qwen3 = draft_policy(make_checkpoint(tmp_path / "p", QWEN3), None, "x.yaml")
    assert "adds its own" not in qwen3


def test_user_turns_that_must_alternate_need_a_decision(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "g", "gemma_3"), None, "x.yaml")
    assert "# DECIDE: of two user turns in a row one is refused: Conversation roles must alternate" in text
    assert "  #- {name: alternate, kind: merge_turns, roles: [user, assistant]}" in text


def test_forced_thinking_and_greedy_decoding_need_a_decision(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "q", "deepseek_r1", {"do_sample": False}), None, "x.yaml")
    assert '#- {name: start-thinking, kind: force_opening, text: "<think>\\n", method: prefill}' in text
    assert "sets do_sample: false. DECIDE" in text


def test_restoring_the_opening_of_a_template_needs_a_decision(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "z", "qwen3_thinking"), None, "x.yaml")
    assert '#- {name: restore-opening, kind: force_opening, text: "<think>\\n", method: template}' in text
    assert "start-thinking" not in text


def test_a_draft_names_the_rules_that_need_a_source(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "g", GEMMA_2, SAMPLING), "mine", "mine.yaml")
    assert "name: mine\n" in text
    assert "#    for: [sampling, no-system-prompt]" in text
    assert "`prompt-policy check --strict mine.yaml`" in text


def test_a_file_name_may_contain_braces(tmp_path: Path) -> None:
    _, text = draft_policy(make_checkpoint(tmp_path / "g", GEMMA_2), None, "a{b}.yaml")
    assert "`prompt-policy check --strict a{b}.yaml`" in text


def test_a_folder_of_the_hub_cache_is_named_after_its_repository(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "models--Qwen--Qwen3-8B" / "snapshots" / "abc", QWEN3)
    assert draft_policy(folder, None, "x.yaml")[0] == "qwen3-8b"


def test_without_transformers_the_template_needs_a_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers.utils.chat_template_utils", None)
    _, text = draft_policy(make_checkpoint(tmp_path / "g", GEMMA_2, SAMPLING), None, "x.yaml")
    assert f"DECIDE: {TEMPLATE_NOT_RENDERED}" in text
    assert "no-system-prompt" not in text


def test_a_template_that_rejects_everything_has_unknown_behaviour(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "g", None, SAMPLING)
    (folder / "chat_template.jinja").write_text("{{ nowhere.at.all }}")
    _, text = draft_policy(folder, None, "x.yaml")
    assert "DECIDE: the template rejects even a single user turn: 'nowhere' is undefined." in text
    assert "no-system-prompt" not in text


def test_a_message_with_a_full_stop_ends_with_one(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "g", None)
    (folder / "chat_template.jinja").write_text("{{ raise_exception('No.') }}")
    _, text = draft_policy(folder, None, "x.yaml")
    assert "rejects even a single user turn: No.\n" in text
    assert ".." not in text


def test_a_folder_without_a_checkpoint_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none does not exist; give the folder"):
        draft_policy(tmp_path / "none", None, "x.yaml")
    with pytest.raises(UsageError, match="contains none of generation_config.json"):
        draft_policy(tmp_path, None, "x.yaml")
    (tmp_path / "generation_config.json").write_text("{")
    with pytest.raises(UsageError, match=r"generation_config.json: does not contain a JSON object"):
        draft_policy(tmp_path, None, "x.yaml")
