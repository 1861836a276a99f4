"""A draft of a policy from a checkpoint's files."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import load
from prompt_policy.errors import UsageError
from prompt_policy.testing import run_policy
from prompt_policy.workshop.drafted import MISSING, drafted
from tests.templates.rendering import HERE

SAMPLING = {
    "do_sample": True,
    "temperature": 0.6,
    "top_p": 0.95,
    "repetition_penalty": 1.0,
    "transformers_version": "5",
}
TEMPLATES = sorted(file.stem for file in HERE.glob("*.jinja"))


def checkpoint(
    folder: Path, template: str | None, generation: dict[str, Any] | None = None, config: dict[str, Any] | None = None
) -> Path:
    folder.mkdir(parents=True)
    if template:
        shutil.copy(HERE / f"{template}.jinja", folder / "chat_template.jinja")
    for name, content in (("generation_config.json", generation), ("config.json", config)):
        if content is not None:
            (folder / name).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("generation", [None, SAMPLING], ids=["bare", "sampling"])
@pytest.mark.parametrize("template", [None, *TEMPLATES])
def test_a_draft_is_a_policy_whose_cases_pass(template: str | None, generation: Any, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "My Model-7B", template, generation, {"architectures": ["MyForCausalLM"]})
    name, text = drafted(folder, None, "{name}.yaml")
    assert name == "my-model-7b"
    assert text.startswith("# DRAFT")
    file = tmp_path / "draft.yaml"
    file.write_text(text)

    result = run_policy(load(file))

    assert result.passed
    assert result.never_acting == result.never_silent == ()


def test_it_says_what_the_files_say(tmp_path: Path) -> None:
    config = {"architectures": ["Qwen2ForCausalLM"], "max_position_embeddings": 4096,
              "quantization_config": {"quant_method": "awq"}}  # fmt: skip
    folder = checkpoint(tmp_path / "Tiny", "qwen3", {**SAMPLING, "max_new_tokens": 512}, config)
    _, text = drafted(folder, None, "x.yaml")
    assert "# config.json: Qwen2ForCausalLM, 4096 tokens of context, awq." in text
    assert "temperature: {default: 0.6}" in text
    assert "repetition_penalty" not in text  # the engine's own default
    assert "limits an answer to 512 tokens" in text
    assert "chat_template_kwargs: enable_thinking." in text
    assert "thoughts of earlier turns: lost" in text
    assert "turned into '<think>\\n\\n</think>\\n\\n<think>\\n'" in text
    assert "force_opening" not in text


def test_refused_system_messages_are_folded_and_others_are_left_to_decide(tmp_path: Path) -> None:
    _, gemma = drafted(checkpoint(tmp_path / "g", "gemma_2"), None, "x.yaml")
    assert "system messages are refused: System role not supported" in gemma
    assert "  - name: no-system-prompt\n" in gemma
    _, two = drafted(checkpoint(tmp_path / "s", "smollm3"), None, "x.yaml")
    assert "# DECIDE: of two system messages one is lost: the second." in two
    assert "  #- {name: no-system-prompt" in two


def test_thoughts_that_a_template_keeps_or_does_not_open_are_left_to_decide(tmp_path: Path) -> None:
    _, text = drafted(checkpoint(tmp_path / "q", "deepseek_r1", {"do_sample": False}), None, "x.yaml")
    assert '#- {name: start-thinking, kind: force_opening, text: "<think>\\n", method: prefill}' in text
    assert "says do_sample: false. DECIDE" in text


def test_a_draft_lacks_sources_and_says_so(tmp_path: Path) -> None:
    _, text = drafted(checkpoint(tmp_path / "g", "gemma_2", SAMPLING), "mine", "mine.yaml")
    assert "name: mine\n" in text
    assert "#    for: [sampling, no-system-prompt]" in text
    assert "`prompt-policy check --strict mine.yaml`" in text


def test_a_file_may_be_named_with_braces(tmp_path: Path) -> None:
    _, text = drafted(checkpoint(tmp_path / "g", "gemma_2"), None, "a{b}.yaml")
    assert "`prompt-policy check --strict a{b}.yaml`" in text


def test_a_hub_caches_folder_is_named_after_its_repository(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "models--Qwen--Qwen3-8B" / "snapshots" / "abc", "qwen3")
    assert drafted(folder, None, "x.yaml")[0] == "qwen3-8b"


def test_without_transformers_the_template_is_left_to_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers.utils.chat_template_utils", None)
    _, text = drafted(checkpoint(tmp_path / "g", "gemma_2", SAMPLING), None, "x.yaml")
    assert f"DECIDE: {MISSING}" in text
    assert "no-system-prompt" not in text


def test_a_template_that_refuses_everything_tells_nothing_of_system_messages(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "g", None, SAMPLING)
    (folder / "chat_template.jinja").write_text("{{ nowhere.at.all }}")
    _, text = drafted(folder, None, "x.yaml")
    assert "DECIDE: the template refuses even a single user turn: 'nowhere' is undefined." in text
    assert "no-system-prompt" not in text


def test_no_checkpoint_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        drafted(tmp_path / "none", None, "x.yaml")
    with pytest.raises(UsageError, match="holds none of generation_config.json"):
        drafted(tmp_path, None, "x.yaml")
    (tmp_path / "generation_config.json").write_text("{")
    with pytest.raises(UsageError, match=r"generation_config.json: holds no JSON object"):
        drafted(tmp_path, None, "x.yaml")
