"""The requests of DeepSeek-R1's policy, in the model's own first chat template and tokens."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.probe.checkpoint_template import CheckpointTemplate
from prompt_policy.probe.client import select_prompt_fields
from prompt_policy.proxy.demo.tokenizer import build_tokenizer
from tests.integration.templates.rendering import apply_shipped_policy
from tests.support.missing import fail_in_ci
from tests.support.r1_tokenizer import read_r1_metadata
from tests.support.template_archive import TemplatesUnavailable

MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
NEWLINE = "Ċ"


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    try:
        return read_r1_metadata()
    except TemplatesUnavailable as error:
        fail_in_ci(str(error))


def render(metadata: dict[str, Any], body: dict[str, Any]) -> str:
    template = CheckpointTemplate(metadata["tokenizer.chat_template"], {"bos_token": BEGIN, "eos_token": END})
    return template.render_prompt(select_prompt_fields(body))


def tokenize(metadata: dict[str, Any], text: str) -> list[str]:
    return list(build_tokenizer(metadata).encode(text, add_special_tokens=False).tokens)


def build_body(*messages: tuple[str, str]) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": role, "content": content} for role, content in messages]}


def test_the_first_template_does_not_open_reasoning_itself(metadata: dict[str, Any]) -> None:
    assert render(metadata, build_body(("user", "Hi"))) == f"{BEGIN}{USER}Hi{ASSISTANT}"


def test_the_forced_opening_is_one_token_and_a_newline(metadata: dict[str, Any]) -> None:
    prompt = render(metadata, apply_shipped_policy(build_body(("user", "Hi"))))

    assert prompt == f"{BEGIN}{USER}Hi{ASSISTANT}<think>\n"
    assert tokenize(metadata, prompt) == [BEGIN, USER, "Hi", ASSISTANT, "<think>", NEWLINE]


def test_a_system_message_becomes_a_part_of_the_user_turn(metadata: dict[str, Any]) -> None:
    body = build_body(("system", "Be brief."), ("user", "Solve x^2 - 5x + 6 = 0."))
    before, after = render(metadata, body), render(metadata, apply_shipped_policy(body))

    assert before.startswith(f"{BEGIN}Be brief.{USER}")
    suffix = "Please reason step by step, and put your final answer within \\boxed{}."
    assert after == f"{BEGIN}{USER}Be brief.\n\nSolve x^2 - 5x + 6 = 0.\n{suffix}{ASSISTANT}<think>\n"


def test_earlier_reasoning_is_in_no_prompt(metadata: dict[str, Any]) -> None:
    body = build_body(("user", "Hi"), ("assistant", "<think>\nHm.\n</think>\n\nHello."), ("user", "Who are you?"))
    tokens = tokenize(metadata, render(metadata, apply_shipped_policy(body)))

    assert tokens.count("<think>") == 1
    assert tokens[-2:] == ["<think>", NEWLINE]
    assert "</think>" not in tokens
    assert tokens.count(END) == 1
