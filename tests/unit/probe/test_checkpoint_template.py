"""The chat template of a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.probe.behaviour import probe_template
from prompt_policy.probe.checkpoint_template import CheckpointTemplate, load_template, read_json_object, read_text_file
from prompt_policy.probe.client import RequestRejected
from tests.support.chat_templates import TEMPLATES
from tests.support.maker_templates import load_maker_template

SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


def template(name: str) -> CheckpointTemplate:
    return CheckpointTemplate((TEMPLATES / f"{name}.jinja").read_text(), {"bos_token": "<s>"})


def test_special_tokens_and_switches_are_rendered() -> None:
    body = {"messages": SYSTEM, "chat_template_kwargs": {"thinking": True}}
    prompt = load_maker_template("deepseek-ai-DeepSeek-V3.1").render_prompt(body)
    assert prompt == "<s>Be brief.<｜User｜>Hi<｜Assistant｜><think>"


def test_a_rejection_has_the_templates_message() -> None:
    with pytest.raises(RequestRejected, match="System role not supported"):
        load_maker_template("google-gemma-2-2b-it").render_prompt({"messages": SYSTEM})


def test_the_behaviour_equals_that_of_a_server() -> None:
    gemma = probe_template(load_maker_template("google-gemma-2-2b-it"))
    assert (gemma.system, gemma.opens) == ("refused: System role not supported", "nothing")
    assert gemma.two_users.startswith("refused: Conversation roles must alternate")
    qwen = probe_template(load_maker_template("Qwen-Qwen3-0.6B"))
    assert (qwen.earlier_reasoning, qwen.prefill) == ("lost", "turned into '<think>\\n\\n</think>\\n\\n<think>\\n'")
    assert probe_template(load_maker_template("Qwen-QwQ-32B")).opens == "<think>\n"
    assert probe_template(load_maker_template("HuggingFaceTB-SmolLM3-3B")).two_systems == "lost: the second"


def test_tags_and_switches_are_found() -> None:
    assert (template("exaone_deep").reasoning_tag, template("gemma_3").reasoning_tag) == ("thought", None)
    assert load_maker_template("Qwen-Qwen3-0.6B").switches == ["enable_thinking"]
    assert load_maker_template("GLM-4.7-Flash").switches == ["clear_thinking", "enable_thinking"]
    assert load_maker_template("deepseek-ai-DeepSeek-R1-Distill-Llama-8B").switches == []
    assert load_maker_template("NVIDIA-Nemotron-3-Nano-30B-A3B-BF16").switches == [
        "enable_thinking",
        "truncate_history_thinking",
    ]
    assert load_maker_template("HuggingFaceTB-SmolLM3-3B").switches == ["enable_thinking"]
    assert load_maker_template("llama-cpp-deepseek-r1").switches == []
    assert CheckpointTemplate("{% generation %}x{% endgeneration %}", {}).switches == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chat_template.jinja", "{{ bos_token }}hello"),
        ("chat_template.json", json.dumps({"chat_template": "{{ bos_token }}hello"})),
        ("tokenizer_config.json", json.dumps({"chat_template": "{{ bos_token }}hello", "bos_token": "<s>"})),
        ("tokenizer_config.json", json.dumps({"bos_token": {"content": "<s>"}, "chat_template": [
            {"name": "tool_use", "template": "no"}, {"name": "default", "template": "{{ bos_token }}hello"}]})),
    ],
)  # fmt: skip
def test_a_template_is_found_in_each_of_its_files(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    (tmp_path / name).write_text(content)
    found = load_template(tmp_path)
    assert found
    assert found.render_prompt({"messages": SYSTEM}) == "<s>hello"


def test_missing_templates_and_broken_files_are_reported(tmp_path: Path) -> None:
    assert load_template(tmp_path) is None
    assert read_json_object(tmp_path, "config.json") == {}
    (tmp_path / "tokenizer_config.json").write_text("[1")
    with pytest.raises(UsageError, match=r"tokenizer_config.json: does not contain a JSON object"):
        load_template(tmp_path)
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not valid UTF-8"):
        read_text_file(tmp_path / "chat_template.jinja")
    with pytest.raises(UsageError, match="cannot be read"):
        read_text_file(tmp_path)


@pytest.mark.parametrize(
    ("source", "switches"),
    [
        ("{% if a %}{% set b = 1 %}{% endif %}{{ b }}", ["a"]),
        ("{% set a = a if a is defined else 1 %}{{ a }}", ["a"]),
        ("{% if a is not defined %}{% set a = 1 %}{% endif %}{{ a }}", ["a"]),
        ("{% if messages %}{% set a %}x{% endset %}{% endif %}{{ a }}", []),
        ("{% for m in messages %}{% set c = m.content %}{{ c }}{% endfor %}{{ c }}", []),
        (  # as in DeepSeek-R1's template of January 2025
            "{% for m in messages %}{% if m.role == 'assistant' %}{% set content = m.content %}{% if 'x' in content %}"
            "{% set content = content.split('x')[-1] %}{% endif %}{{ content }}{% endif %}{% endfor %}",
            [],
        ),
    ],
)
def test_variables_that_the_template_sets_first_are_left_out(source: str, switches: list[str]) -> None:
    assert CheckpointTemplate(source, {}).switches == switches
