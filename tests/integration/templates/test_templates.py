"""The behaviour of chat templates that the shipped policies rely on: prompts without and with the policy."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from prompt_policy import load_paths
from prompt_policy.kinds.force_opening import ForceOpening
from tests.integration.templates.rendering import apply_shipped_policy, render_prompt

MATH = "Solve the equation x^2 = 4."
BOXED = "\nPlease reason step by step, and put your final answer within \\boxed{}."
ALTERNATE = "refused: Conversation roles must alternate user/assistant/user/assistant/..."
ANSWER = "<think>\nEasy.\n</think>\n\nBlue."


def system(text: str) -> dict[str, str]:
    return {"role": "system", "content": text}


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def thinking(flag: bool) -> dict[str, Any]:
    return {"chat_template_kwargs": {"enable_thinking": flag, "thinking": flag}}


class Row(NamedTuple):
    """A request to a model with a template, and the prompts without and with the policy."""

    model: str
    template: str
    messages: list[dict[str, str]]
    before: str
    after: str
    body: dict[str, Any] = {}  # noqa: RUF012 - a tuple's default, never changed


# The makers' templates that these tests use; all others here are our own.
R1_DISTILL = "deepseek-ai-DeepSeek-R1-Distill-Llama-8B"
V3_1 = "deepseek-ai-DeepSeek-V3.1"
QWQ = "Qwen-QwQ-32B"
QWEN3 = "Qwen-Qwen3-0.6B"
QWEN3_5 = "Qwen3.5-4B"
GEMMA_2 = "google-gemma-2-2b-it"
GRANITE = "ibm-granite-granite-3.3-2B-Instruct"
SMOLLM3 = "HuggingFaceTB-SmolLM3-3B"
GLM_4_7 = "GLM-4.7-Flash"
NEMOTRON_3 = "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"

R1, DISTILL = "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
R1_0528 = "deepseek-ai/DeepSeek-R1-0528"
TURNS = [system("One."), system("Two."), user("Hi")]
CHATML_HISTORY = (
    "<|im_start|>user\nA colour?<|im_end|>\n<|im_start|>assistant\n<think>\nEasy.\n</think>\n\nBlue.<|im_end|>\n"
    "<|im_start|>user\nAnother?<|im_end|>\n<|im_start|>assistant\n"
)
HISTORY = [user("A colour?"), assistant(ANSWER), user("Another?")]

ROWS = [
    # The template drops all but the last system message; folding preserves them. Both revisions open reasoning once.
    Row(DISTILL, "r1_old", TURNS, "<s>Two.<｜User｜>Hi<｜Assistant｜>",
        "<s><｜User｜>One.\n\nTwo.\n\nHi<｜Assistant｜><think>\n"),
    Row(DISTILL, R1_DISTILL, TURNS, "<s>Two.<｜User｜>Hi<｜Assistant｜><think>\n",
        "<s><｜User｜>One.\n\nTwo.\n\nHi<｜Assistant｜><think>\n"),
    Row(DISTILL, R1_DISTILL, [user(MATH)], f"<s><｜User｜>{MATH}<｜Assistant｜><think>\n",
        f"<s><｜User｜>{MATH}{BOXED}<｜Assistant｜><think>\n"),
    # The template strips earlier reasoning and leaves its newlines.
    Row(R1, "deepseek_r1", HISTORY,
        "<s><｜User｜>A colour?<｜Assistant｜>\n\nBlue.<｜end▁of▁sentence｜><｜User｜>Another?<｜Assistant｜>",
        "<s><｜User｜>A colour?<｜Assistant｜>Blue.<｜end▁of▁sentence｜><｜User｜>Another?<｜Assistant｜><think>\n"),
    Row(R1, "deepseek_r1", TURNS, "<s>One.\n\nTwo.<｜User｜>Hi<｜Assistant｜>",
        "<s><｜User｜>One.\n\nTwo.\n\nHi<｜Assistant｜><think>\n"),
    # The revision of May 2025 needs neither folding nor a prefill.
    Row(R1_0528, "deepseek_r1", TURNS, "<s>One.\n\nTwo.<｜User｜>Hi<｜Assistant｜>",
        "<s>One.\n\nTwo.<｜User｜>Hi<｜Assistant｜>"),
    Row("deepseek-ai/DeepSeek-V3.1", V3_1, [user("Hi")], "<s><｜User｜>Hi<｜Assistant｜><think></think>",
        "<s><｜User｜>Hi<｜Assistant｜><think></think>"),
    Row("deepseek-ai/DeepSeek-V3.1", V3_1, [user("Hi")], "<s><｜User｜>Hi<｜Assistant｜><think>",
        "<s><｜User｜>Hi<｜Assistant｜><think>", thinking(True)),
    # Opened by the template or by the prefill, once.
    Row("Qwen/QwQ-32B", QWQ, [user("Hi")], "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    Row("someone/QwQ-32B-AWQ", "chatml", [user("Hi")], "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    Row("someone/QwQ-32B-AWQ", "chatml", HISTORY,
        CHATML_HISTORY,
        "<|im_start|>user\nA colour?<|im_end|>\n<|im_start|>assistant\nBlue.<|im_end|>\n"
        "<|im_start|>user\nAnother?<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    # Not forced if the template closes reasoning again; the template has a switch for clients.
    Row("Qwen/Qwen3-8B", QWEN3, [user("Hi")], "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"),
    Row("Qwen/Qwen3-8B", QWEN3, [user("Hi")],
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", thinking(False)),
    Row("Qwen/Qwen3.5-4B", QWEN3_5, [system("One."), user("Hi")],
        "<|im_start|>system\nOne.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n",
        "<|im_start|>system\nOne.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    # The template rejects a second system message, a later one and the developer role; the first message stays.
    Row("Qwen/Qwen3.6-27B", QWEN3_5, TURNS, "refused: System message must be at the beginning.",
        "<|im_start|>system\nOne.\n\nTwo.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    Row("Qwen/Qwen3.8-27B", QWEN3_5, [system("One."), user("Hi"), assistant("Hello"), system("Late."), user("Bye")],
        "refused: System message must be at the beginning.",
        "<|im_start|>system\nOne.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
        "<|im_start|>user\nLate.\n\nBye<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    Row("Qwen/Qwen3.5-4B", QWEN3_5, [{"role": "developer", "content": "One."}, user("Hi")],
        "refused: Unexpected message role.",
        "<|im_start|>system\nOne.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    # The template rejects system messages, any or more than one, and turns that do not alternate.
    Row("google/gemma-2-9b-it", GEMMA_2, TURNS, "refused: System role not supported",
        "<s><start_of_turn>user\nOne.\n\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n"),
    Row("google/gemma-3-4b-it", "gemma_3", TURNS, ALTERNATE,
        "<s><start_of_turn>user\nOne.\n\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n"),
    Row("google/gemma-3-4b-it", "gemma_3", TURNS[1:],
        "<s><start_of_turn>user\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n",
        "<s><start_of_turn>user\nTwo.\n\nHi<end_of_turn>\n<start_of_turn>model\n"),
    Row("google/gemma-3-4b-it", "gemma_3", [user("Hi"), assistant("Hello"), system("Be kind."), user("Bye")], ALTERNATE,
        "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello<end_of_turn>\n"
        "<start_of_turn>user\nBe kind.\n\nBye<end_of_turn>\n<start_of_turn>model\n"),
    Row("google/gemma-3-4b-it", "gemma_3",
        [system("One."), user("Hi"), assistant("Hello"), user("Files"), user("Edit")],
        ALTERNATE,
        "<s><start_of_turn>user\nOne.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello<end_of_turn>\n"
        "<start_of_turn>user\nFiles\n\nEdit<end_of_turn>\n<start_of_turn>model\n"),
    # The template drops the system message.
    Row("microsoft/Phi-4-reasoning", "phi_4_reasoning", [system("Be brief."), user("Hi")],
        "<|im_start|>system<|im_sep|>You are Phi.<|im_end|><|im_start|>user<|im_sep|>Hi<|im_end|>"
        "<|im_start|>assistant<|im_sep|>",
        "<|im_start|>system<|im_sep|>You are Phi.<|im_end|><|im_start|>user<|im_sep|>Be brief.\n\nHi<|im_end|>"
        "<|im_start|>assistant<|im_sep|>"),
    # System messages that are a switch stay unchanged.
    Row("nvidia/Llama-3.1-Nemotron-Nano-8B-v1", "llama_nemotron", [system("detailed thinking off"), user("Hi")],
        "<s><|start_header_id|>system<|end_header_id|>\n\ndetailed thinking off<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "<s><|start_header_id|>system<|end_header_id|>\n\ndetailed thinking off<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"),
    # Another tag: opened by the template, and the policy strips the earlier reasoning that the template leaves.
    Row("LGAI-EXAONE/EXAONE-Deep-7.8B", "exaone_deep", [system("Be brief."), user("Hi")],
        "[|system|]Be brief.\n[|user|]Hi\n[|assistant|]<thought>\n",
        "[|user|]Be brief.\n\nHi\n[|assistant|]<thought>\n"),
    # Interleaved reasoning is preserved.
    Row("MiniMaxAI/MiniMax-M2", "chatml", HISTORY,
        CHATML_HISTORY,
        CHATML_HISTORY),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.template}-{row.model.rpartition('/')[2]}")
def test_prompt_without_and_with_the_policy(row: Row) -> None:
    body = {"model": row.model, "messages": row.messages, **row.body}
    assert render_prompt(row.template, body) == row.before
    assert render_prompt(row.template, apply_shipped_policy(body)) == row.after


def test_granite_gets_its_instruction_to_think_only_without_a_system_message() -> None:
    body = {"model": "ibm-granite/granite-3.3-8b-instruct", "messages": [system("Be brief."), user("Hi")]}
    thinks = {**body, **thinking(True)}
    assert "<think>" not in render_prompt(GRANITE, thinks)
    assert "<think>" in render_prompt(GRANITE, apply_shipped_policy(thinks))
    assert render_prompt(GRANITE, apply_shipped_policy(body)) == render_prompt(GRANITE, body)


@pytest.mark.parametrize("roles", [("system",), ("developer",), ("system", "developer")])
def test_the_switch_of_smollm3_remains_in_the_first_message(roles: tuple[str, ...]) -> None:
    switches = [{"role": role, "content": "/no_think"} for role in roles]
    body = {"model": "HuggingFaceTB/SmolLM3-3B", "messages": [*switches, user("Hi")]}
    assert render_prompt(SMOLLM3, apply_shipped_policy(body)).endswith("<think>\n\n</think>\n")


FORCED = {"continue_final_message": True, "add_generation_prompt": False}


@pytest.mark.parametrize(
    ("template", "ending"),
    [
        (R1_DISTILL, "<｜Assistant｜><think>\n"),
        ("deepseek_r1", "<｜Assistant｜><think>\n"),
        (QWQ, "<|im_start|>assistant\n<think>\n"),
        ("chatml", "<|im_start|>assistant\n<think>\n"),
        ("phi_4_reasoning", "<|im_start|>assistant<|im_sep|><think>\n"),
        (QWEN3, "<|im_start|>assistant\n<think>\n\n</think>\n\n<think>\n"),
        (QWEN3_5, "<|im_start|>assistant\n<think>\n\n</think>\n\n<think>"),
        (V3_1, "<｜Assistant｜><think></think><think>\n"),
        (GEMMA_2, "<start_of_turn>model\n<think>"),
    ],
)
def test_prompt_after_a_forced_opening_of_reasoning(template: str, ending: str) -> None:
    assert render_prompt(template, {"messages": [user("Hi"), assistant("<think>\n")], **FORCED}).endswith(ending)


def test_template_that_strips_reasoning_rejects_a_closed_prefill() -> None:
    body = {"messages": [user("Hi"), assistant("<think>\n\n</think>")], **FORCED}
    error = "refused: continue_final_message is set but the final message does not appear in the chat"
    assert render_prompt("deepseek_r1", body).startswith(error)


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        (TURNS, "System message must be at the beginning."),
        ([user("Hi"), system("Late."), user("Bye")], "System message must be at the beginning."),
        ([{"role": "developer", "content": "Be brief."}, user("Hi")], "Unexpected message role."),
        ([system("Be brief.")], "No user query found in messages."),
    ],
)
def test_messages_that_qwen3_5_rejects(messages: list[dict[str, str]], error: str) -> None:
    assert render_prompt(QWEN3_5, {"messages": messages}) == f"refused: {error}"


def find_openings(method: str) -> dict[str, str]:
    """Return the openings of a method in the shipped policies, by policy."""
    rules = [(policy.name, rule) for policy in load_paths([]).policies for rule in policy.rules]
    return {name: rule.text for name, rule in rules if isinstance(rule, ForceOpening) and rule.method == method}


def test_only_policies_of_compatible_templates_force_reasoning() -> None:
    assert find_openings("prefill").keys() == {"deepseek-r1", "deepseek-r1-distill", "qwq-32b"}


@pytest.mark.parametrize(
    ("policy", "template", "thinking_off"),
    [
        ("qwen3-thinking-2507", "qwen3_thinking", None),
        ("qwen3-next-thinking", "qwen3_thinking", None),
        ("glm-4.7", GLM_4_7, "</think>"),
        ("glm-5", GLM_4_7, "</think>"),
        ("nemotron-3-nano", NEMOTRON_3, "<think></think>"),
        ("exaone-deep", "exaone_deep", None),
        ("deepseek-v3.1", V3_1, "</think>"),
    ],
)
def test_restored_openings_are_those_of_the_templates(policy: str, template: str, thinking_off: str | None) -> None:
    opening = find_openings("template")[policy]
    for tools in ({}, {"tools": [{"type": "function", "function": {"name": "clock"}}]}):
        assert render_prompt(template, {"messages": [user("Hi")], **thinking(True), **tools}).endswith(opening)
    if thinking_off:
        assert render_prompt(template, {"messages": [user("Hi")], **thinking(False)}).endswith(thinking_off)
