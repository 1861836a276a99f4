"""The system message that a template adds by itself, found in prompts of the makers' templates."""

from __future__ import annotations

from typing import Final

import pytest

from prompt_policy.probe.behaviour import probe_template
from prompt_policy.probe.checkpoint_template import CheckpointTemplate
from prompt_policy.probe.default_system import count_shared, find_default_system
from tests.support.maker_templates import find_maker_templates, load_maker_template

# The start of the message, and what the template does for an empty one. Every other template of the archive adds none.
OWN: Final = {
    "Apertus-8B-Instruct": ("You are Apertus, a helpful assistant", "adds nothing"),
    "HuggingFaceTB-SmolLM3-3B": ("You are a helpful AI assistant named SmolLM, trained by", "adds the same"),
    "Kimi-K2-Instruct": ("You are Kimi, an AI assistant created by Moonshot AI.", "adds nothing"),
    "Kimi-K2-Thinking": ("You are Kimi, an AI assistant created by Moonshot AI.", "adds nothing"),
    "MiMo-VL": ("You are MiMo, an AI assistant developed by Xiaomi.", "adds nothing"),
    "MiniMax-M1": ("You are a helpful assistant created by Minimax", "adds nothing"),
    "MiniMax-M2": ("You are a helpful assistant.", "adds the same"),
    "MiniMax-M3": ("You are a helpful assistant.", "adds the same"),
    "Mistral-Small-3.2-24B-Instruct-2506": ("You are Mistral Small 3, a Large Language Model", "adds nothing"),
    "Qwen-Qwen2.5-7B-Instruct": ("You are Qwen, created by Alibaba Cloud. You are a helpful", "adds nothing"),
    "ibm-granite-granite-3.3-2B-Instruct": ("Knowledge Cutoff Date: April 2024.", "adds nothing"),
    "ibm-granite-granite-4.0": ("You are a helpful assistant. Please ensure", "adds the same"),
    "mistralai-Ministral-3-14B-Reasoning-2512": ("# HOW YOU SHOULD THINK AND ANSWER", "adds nothing"),
    "moonshotai-Kimi-K2": ("You are a helpful assistant", "adds nothing"),
    "muse-glimmer": ("You are a helpful AI assistant.\nKnowledge cutoff", "adds nothing"),
    "poolside-Laguna-S-2.1": ("You are a helpful, conversationally-fluent assistant made by", "adds nothing"),
    "poolside-Laguna-XS.2": ("You are a helpful, conversationally-fluent assistant made by", "adds nothing"),
    "unsloth-mistral-Devstral-Small-2507": ("You are Devstral, a helpful agentic model", "adds nothing"),
}
# As SmolLM2's, of which no package of the archive has a copy.
SMOLLM2: Final = """\
{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
{{ '<|im_start|>system\\nYou are SmolLM.<|im_end|>\\n' }}{% endif %}\
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"""


def test_the_own_system_message_of_each_maker_is_found() -> None:
    found = {}
    for file in find_maker_templates().glob("*.jinja"):
        behaviour = probe_template(load_maker_template(file.stem))
        if behaviour.added_system:
            found[file.stem] = (behaviour.added_system, behaviour.empty_system)
    assert found.keys() == OWN.keys()
    for name, (start, empty) in OWN.items():
        assert found[name][0].startswith(start), name
        assert found[name][1] == empty, name


def test_the_message_is_complete_and_without_special_tokens() -> None:
    qwen = probe_template(load_maker_template("Qwen-Qwen2.5-7B-Instruct"))
    assert qwen.default_system == "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
    assert probe_template(CheckpointTemplate(SMOLLM2, {})).default_system == "You are SmolLM."
    assert probe_template(CheckpointTemplate(SMOLLM2, {})).empty_system == "adds nothing"
    assert probe_template(load_maker_template("Kimi-K2-Instruct")).default_system.endswith("Moonshot AI.")


@pytest.mark.parametrize(
    ("template", "default"),
    [
        ("Qwen-Qwen3-0.6B", "nothing"),
        ("meta-llama-Llama-3.1-8B-Instruct", "nothing"),  # its text precedes that of a client, and remains
        ("google-gemma-2-2b-it", ""),  # it refuses system messages
    ],
)
def test_text_for_every_request_is_not_reported(template: str, default: str) -> None:
    behaviour = probe_template(load_maker_template(template))
    assert (behaviour.default_system, behaviour.added_system, behaviour.empty_system) == (default, "", "")


def test_a_prompt_without_the_messages_yields_nothing() -> None:
    assert not find_default_system("own Q", "Q", "S", "Q")
    assert not find_default_system("own", "S Q", "S", "Q")
    assert find_default_system("own Q", "S Q", "S", "Q") == "own"


@pytest.mark.parametrize(("one", "other", "shared"), [("", "a", 0), ("ab", "ac", 1), ("ab", "abc", 2), ("ab", "ab", 2)])
def test_shared_characters_are_counted(one: str, other: str, shared: int) -> None:
    assert count_shared(one, other) == shared
