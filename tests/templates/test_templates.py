"""What the shipped policies rely on in chat templates: what a prompt is without the policy, and with it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from prompt_policy import load_paths
from tests.templates.rendering import policed, prompt

MATH = "Solve the equation x^2 = 4."
BOXED = "\nPlease reason step by step, and put your final answer within \\boxed{}."
ALTERNATE = "refused: Conversation roles must alternate user/assistant/user/assistant/..."
THOUGHT = "<think>\nEasy.\n</think>\n\nBlue."


def s(text: str) -> dict[str, str]:
    return {"role": "system", "content": text}


def u(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def a(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def thinking(flag: bool) -> dict[str, Any]:
    return {"chat_template_kwargs": {"enable_thinking": flag, "thinking": flag}}


class Row(NamedTuple):
    """A request to a model under a template: the prompt's text without the policy, and with it; what matters of it."""

    model: str
    template: str
    messages: list[dict[str, str]]
    before: str
    after: str
    body: dict[str, Any] = {}  # noqa: RUF012 - a tuple's default, never changed


R1, DISTILL = "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
R1_0528 = "deepseek-ai/DeepSeek-R1-0528"
TURNS = [s("One."), s("Two."), u("Hi")]
CHATML_HISTORY = (
    "<|im_start|>user\nA colour?<|im_end|>\n<|im_start|>assistant\n<think>\nEasy.\n</think>\n\nBlue.<|im_end|>\n"
    "<|im_start|>user\nAnother?<|im_end|>\n<|im_start|>assistant\n"
)
HISTORY = [u("A colour?"), a(THOUGHT), u("Another?")]

ROWS = [
    # A second system message is lost, folding keeps both; the thought is opened once under both revisions.
    Row(DISTILL, "r1_old", TURNS, "<s>Two.<｜User｜>Hi<｜Assistant｜>",
        "<s><｜User｜>One.\n\nTwo.\n\nHi<｜Assistant｜><think>\n"),
    Row(DISTILL, "r1_new", TURNS, "<s>Two.<｜User｜>Hi<｜Assistant｜><think>\n",
        "<s><｜User｜>One.\n\nTwo.\n\nHi<｜Assistant｜><think>\n"),
    Row(DISTILL, "r1_new", [u(MATH)], f"<s><｜User｜>{MATH}<｜Assistant｜><think>\n",
        f"<s><｜User｜>{MATH}{BOXED}<｜Assistant｜><think>\n"),
    # The template cuts old thoughts out and leaves their newlines.
    Row(R1, "deepseek_r1", HISTORY,
        "<s><｜User｜>A colour?<｜Assistant｜>\n\nBlue.<｜end▁of▁sentence｜><｜User｜>Another?<｜Assistant｜>",
        "<s><｜User｜>A colour?<｜Assistant｜>Blue.<｜end▁of▁sentence｜><｜User｜>Another?<｜Assistant｜><think>\n"),
    Row(R1, "deepseek_r1", TURNS, "<s>One.\n\nTwo.<｜User｜>Hi<｜Assistant｜>",
        "<s><｜User｜>One.\n\nTwo.\n\nHi<｜Assistant｜><think>\n"),
    # The revision of May 2025 wants neither.
    Row(R1_0528, "deepseek_r1", TURNS, "<s>One.\n\nTwo.<｜User｜>Hi<｜Assistant｜>",
        "<s>One.\n\nTwo.<｜User｜>Hi<｜Assistant｜>"),
    Row("deepseek-ai/DeepSeek-V3.1", "deepseek_v3_1", [u("Hi")], "<s><｜User｜>Hi<｜Assistant｜></think>",
        "<s><｜User｜>Hi<｜Assistant｜></think>"),
    Row("deepseek-ai/DeepSeek-V3.1", "deepseek_v3_1", [u("Hi")], "<s><｜User｜>Hi<｜Assistant｜><think>",
        "<s><｜User｜>Hi<｜Assistant｜><think>", thinking(True)),
    # Opened by the template or by the prefill, once.
    Row("Qwen/QwQ-32B", "qwq", [u("Hi")], "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    Row("someone/QwQ-32B-AWQ", "chatml", [u("Hi")], "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    Row("someone/QwQ-32B-AWQ", "chatml", HISTORY,
        CHATML_HISTORY,
        "<|im_start|>user\nA colour?<|im_end|>\n<|im_start|>assistant\nBlue.<|im_end|>\n"
        "<|im_start|>user\nAnother?<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    # Never forced where the template would close it again; the client's switch is the template's.
    Row("Qwen/Qwen3-8B", "qwen3", [u("Hi")], "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"),
    Row("Qwen/Qwen3-8B", "qwen3", [u("Hi")],
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", thinking(False)),
    Row("Qwen/Qwen3.5-4B", "qwen3_5", [s("One."), u("Hi")],
        "<|im_start|>system\nOne.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n",
        "<|im_start|>system\nOne.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    # System messages that are refused, by themselves or in number.
    Row("google/gemma-2-9b-it", "gemma_2", TURNS, "refused: System role not supported",
        "<s><start_of_turn>user\nOne.\n\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n"),
    Row("google/gemma-3-4b-it", "gemma_3", TURNS, ALTERNATE,
        "<s><start_of_turn>user\nOne.\n\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n"),
    Row("google/gemma-3-4b-it", "gemma_3", TURNS[1:],
        "<s><start_of_turn>user\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n",
        "<s><start_of_turn>user\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n"),
    Row("google/gemma-3-4b-it", "gemma_3", [u("Hi"), a("Hello"), s("Be kind."), u("Bye")], ALTERNATE,
        "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello<end_of_turn>\n"
        "<start_of_turn>user\nBe kind.\n\nBye<end_of_turn>\n<start_of_turn>model\n"),
    # System messages that are lost, or that take something else's place.
    Row("microsoft/Phi-4-reasoning", "phi_4_reasoning", [s("Be brief."), u("Hi")],
        "<|im_start|>system<|im_sep|>You are Phi.<|im_end|><|im_start|>user<|im_sep|>Hi<|im_end|>"
        "<|im_start|>assistant<|im_sep|>",
        "<|im_start|>system<|im_sep|>You are Phi.<|im_end|><|im_start|>user<|im_sep|>Be brief.\n\nHi<|im_end|>"
        "<|im_start|>assistant<|im_sep|>"),
    Row("ibm-granite/granite-3.2-8b-instruct", "granite_3", [s("Be brief."), u("Hi")],
        "<|role|>system\nBe brief.\n<|role|>user\nHi\n<|role|>assistant\n",
        "<|role|>system\nYou are Granite. Write your thoughts first.\n<|role|>user\nBe brief.\n\nHi\n"
        "<|role|>assistant\n",
        thinking(True)),
    Row("ibm-granite/granite-3.2-8b-instruct", "granite_3", [s("Be brief."), u("Hi")],
        "<|role|>system\nBe brief.\n<|role|>user\nHi\n<|role|>assistant\n",
        "<|role|>system\nBe brief.\n<|role|>user\nHi\n<|role|>assistant\n"),
    # System texts that are a switch stay where they are.
    Row("nvidia/Llama-3.1-Nemotron-Nano-8B-v1", "llama_nemotron", [s("detailed thinking off"), u("Hi")],
        "<s><|start_header_id|>system<|end_header_id|>\n\ndetailed thinking off<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "<s><|start_header_id|>system<|end_header_id|>\n\ndetailed thinking off<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"),
    Row("HuggingFaceTB/SmolLM3-3B", "smollm3", [s("/no_think"), u("Hi")],
        "<|im_start|>system\n<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n",
        "<|im_start|>system\n<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n"),
    # Another tag: opened by the template, and old thoughts are cut out of what the template leaves.
    Row("LGAI-EXAONE/EXAONE-Deep-7.8B", "exaone_deep", [s("Be brief."), u("Hi")],
        "[|system|]Be brief.\n[|user|]Hi\n[|assistant|]<thought>\n",
        "[|user|]Be brief.\n\nHi\n[|assistant|]<thought>\n"),
    # Interleaved thoughts stay.
    Row("MiniMaxAI/MiniMax-M2", "chatml", HISTORY,
        CHATML_HISTORY,
        CHATML_HISTORY),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.template}-{row.model.rpartition('/')[2]}")
def test_the_prompt_without_the_policy_and_with_it(row: Row) -> None:
    body = {"model": row.model, "messages": row.messages, **row.body}
    assert prompt(row.template, body) == row.before
    assert prompt(row.template, policed(body)) == row.after


FORCED = {"continue_final_message": True, "add_generation_prompt": False}


@pytest.mark.parametrize(
    ("template", "becomes"),
    [
        ("r1_new", "<｜Assistant｜><think>\n"),
        ("deepseek_r1", "<｜Assistant｜><think>\n"),
        ("qwq", "<|im_start|>assistant\n<think>\n"),
        ("chatml", "<|im_start|>assistant\n<think>\n"),
        ("phi_4_reasoning", "<|im_start|>assistant<|im_sep|><think>\n"),
        ("qwen3", "<|im_start|>assistant\n<think>\n\n</think>\n\n<think>\n"),
        ("qwen3_5", "<|im_start|>assistant\n<think>"),
        ("deepseek_v3_1", "<｜Assistant｜></think><think>\n"),
        ("gemma_2", "<start_of_turn>model\n<think>"),
    ],
)
def test_what_becomes_of_a_forced_thought(template: str, becomes: str) -> None:
    assert prompt(template, {"messages": [u("Hi"), a("<think>\n")], **FORCED}).endswith(becomes)


def test_a_closed_thought_cannot_be_forced_where_old_ones_are_cut_out() -> None:
    body = {"messages": [u("Hi"), a("<think>\n\n</think>")], **FORCED}
    refused = "refused: continue_final_message is set but the final message does not appear in the chat"
    assert prompt("deepseek_r1", body).startswith(refused)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (TURNS, "System message must be at the beginning."),
        ([u("Hi"), s("Late."), u("Bye")], "System message must be at the beginning."),
        ([{"role": "developer", "content": "Be brief."}, u("Hi")], "Unexpected message role."),
        ([s("Be brief.")], "No user query found in messages."),
    ],
)
def test_what_qwen3_5_refuses(messages: list[dict[str, str]], words: str) -> None:
    assert prompt("qwen3_5", {"messages": messages}) == f"refused: {words}"


def test_a_thought_is_forced_only_where_a_template_keeps_it() -> None:
    forcing = {p.name for p in load_paths([]).policies if any(rule.kind == "force_opening" for rule in p.rules)}
    assert forcing == {"deepseek-r1", "deepseek-r1-distill", "qwq-32b"}
