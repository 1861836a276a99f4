"""What a model reads if its policy folds system messages, and its maker's template adds one by itself."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.integration.templates.rendering import apply_shipped_policy
from tests.support.maker_templates import render_maker_template
from tests.support.policies import apply, chat

FOLD: Final = {"kind": "fold_system"}
REQUEST: Final = chat(("system", "You are a pirate."), "Hi")
# The text that a template adds by itself, and its prompt up to the user's text for an empty system message.
HONOURED: Final = {
    "Qwen-Qwen2.5-7B-Instruct": ("You are Qwen", "<|im_start|>system\n<|im_end|>\n<|im_start|>user\n"),
    "MiMo-VL": ("You are MiMo", "<|im_start|>system\n<|im_end|>\n<|im_start|>user\n"),
    "Kimi-K2-Thinking": ("You are Kimi", "<|im_system|>system<|im_middle|><|im_end|><|im_user|>user<|im_middle|>"),
    "Mistral-Small-3.2-24B-Instruct-2506": ("You are Mistral", "<s>[SYSTEM_PROMPT][/SYSTEM_PROMPT][INST]"),
    "MiniMax-M1": ("created by Minimax", "<begin_of_document><beginning_of_sentence>user name=user\n"),
}
TREATED_AS_ABSENT: Final = {
    "HuggingFaceTB-SmolLM3-3B": "You are a helpful AI assistant named SmolLM",
    "MiniMax-M2": "You are a helpful assistant.",
    "ibm-granite-granite-4.0": "You are a helpful assistant.",
}


def render(template: str, rule: dict[str, Any]) -> str:
    return render_maker_template(template, apply(rule, REQUEST).body)


@pytest.mark.parametrize(("template", "own"), [(name, own) for name, (own, _) in HONOURED.items()])
def test_folding_replaces_the_client_message_with_the_makers(template: str, own: str) -> None:
    assert own not in render_maker_template(template, REQUEST)
    assert own in render(template, FOLD)


@pytest.mark.parametrize("template", HONOURED)
def test_an_empty_message_prevents_the_makers(template: str) -> None:
    own, before = HONOURED[template]
    prompt = render(template, {**FOLD, "empty_system": True})
    assert own not in prompt
    assert prompt.startswith(f"{before}You are a pirate.\n\nHi")


@pytest.mark.parametrize("template", TREATED_AS_ABSENT)
def test_some_templates_treat_an_empty_message_as_absent(template: str) -> None:
    assert TREATED_AS_ABSENT[template] in render(template, {**FOLD, "empty_system": True})


def test_mimo_reads_an_empty_system_prompt_as_its_makers_recommend() -> None:
    for body in (REQUEST, chat("Hi")):
        prompt = render_maker_template("MiMo-VL", apply_shipped_policy({**body, "model": "XiaomiMiMo/MiMo-7B-RL"}))
        assert prompt.startswith("<|im_start|>system\n<|im_end|>\n<|im_start|>user\n")


def test_granite_reads_its_own_thinking_instruction() -> None:
    body = {**REQUEST, "model": "ibm-granite/granite-3.3-8b-instruct", "chat_template_kwargs": {"thinking": True}}
    template = "ibm-granite-granite-3.3-2B-Instruct"
    instruction = "Respond to every user query in a comprehensive and detailed way."
    assert instruction not in render_maker_template(template, body)
    assert instruction in render_maker_template(template, apply_shipped_policy(body))
