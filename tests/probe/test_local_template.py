"""A checkpoint's own chat template."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.probe.local_template import LocalTemplate, json_in, template_in, text_in
from prompt_policy.probe.server import Refused
from prompt_policy.probe.template import template_behaviour
from tests.templates.rendering import HERE

SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


def template(name: str) -> LocalTemplate:
    return LocalTemplate((HERE / f"{name}.jinja").read_text(), {"bos_token": "<s>"})


def test_it_renders_with_special_tokens_and_switches() -> None:
    body = {"messages": SYSTEM, "chat_template_kwargs": {"thinking": True}}
    assert template("deepseek_v3_1").prompt(body) == "<s>Be brief.<｜User｜>Hi<｜Assistant｜><think>"


def test_what_it_refuses_is_told_in_its_own_words() -> None:
    with pytest.raises(Refused, match="System role not supported"):
        template("gemma_2").prompt({"messages": SYSTEM})


def test_behaviours_are_those_that_a_server_with_this_template_would_show() -> None:
    gemma = template_behaviour(template("gemma_2"))
    assert (gemma.system, gemma.opens) == ("refused: System role not supported", "nothing")
    assert gemma.two_users.startswith("refused: Conversation roles must alternate")
    qwen = template_behaviour(template("qwen3"))
    assert (qwen.old_thoughts, qwen.prefill) == ("lost", "turned into '<think>\\n\\n</think>\\n\\n<think>\\n'")
    assert template_behaviour(template("qwq")).opens == "<think>\n"
    assert template_behaviour(template("smollm3")).two_systems == "lost: the second"


def test_tags_and_switches_are_found() -> None:
    assert (template("exaone_deep").tag, template("gemma_2").tag) == ("thought", None)
    assert template("qwen3").switches == ["enable_thinking"]
    assert LocalTemplate("{% generation %}x{% endgeneration %}", {}).switches == []


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
def test_it_stands_in_any_of_these_files(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    (tmp_path / name).write_text(content)
    found = template_in(tmp_path)
    assert found
    assert found.prompt({"messages": SYSTEM}) == "<s>hello"


def test_no_template_and_broken_files(tmp_path: Path) -> None:
    assert template_in(tmp_path) is None
    assert json_in(tmp_path, "config.json") == {}
    (tmp_path / "tokenizer_config.json").write_text("[1")
    with pytest.raises(UsageError, match=r"tokenizer_config.json: holds no JSON object"):
        template_in(tmp_path)
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8"):
        text_in(tmp_path / "chat_template.jinja")
    with pytest.raises(UsageError, match="cannot be read"):
        text_in(tmp_path)
