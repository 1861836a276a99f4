"""The shipped policies against a graded collection of the makers' figures, entry by entry.

A figure that is the maker's (graded vendor, copy, recipe or lab) is either what a request gets, or its absence is
explained by the comment at the top of the policy's file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from prompt_policy import load_paths
from prompt_policy.policy.load import provenance
from prompt_policy.runtime import Pipeline

CARDS = Path(__file__).parents[3] / "shared" / "data" / "modelcards.yaml"
GRADES = ("vendor", "copy", "recipe", "lab")
SHIPPED = load_paths([])
# The engine's own defaults: to leave such a parameter out is to agree.
NEUTRAL = {"min_p": 0, "presence_penalty": 0, "frequency_penalty": 0, "repetition_penalty": 1}

# A model of each entry.
MODELS = {
    "deepseek-r1-distill": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "deepseek-v3.1": "deepseek-ai/DeepSeek-V3.1",
    "deepseek-v3.2": "deepseek-ai/DeepSeek-V3.2",
    "deepseek-r1": "deepseek-ai/DeepSeek-R1",
    "deepseek-r1-0528": "deepseek-ai/DeepSeek-R1-0528",
    "deepseek-v4": "deepseek-ai/DeepSeek-V4-Flash",
    "qwq-32b": "Qwen/QwQ-32B",
    "qwen3-hybrid": "Qwen/Qwen3-8B",
    "qwen3-2507-instruct": "Qwen/Qwen3-4B-Instruct-2507",
    "qwen3-2507-thinking": "Qwen/Qwen3-4B-Thinking-2507",
    "qwen3.5": "Qwen/Qwen3.5-4B",
    "qwen3.6": "Qwen/Qwen3.6-27B",
    "qwen3.8": "Qwen/Qwen3.8-27B",
    "gemma-2": "google/gemma-2-9b-it",
    "gemma-4": "google/gemma-4-31B-it",
    "phi-4-reasoning": "microsoft/Phi-4-reasoning",
    "phi-4-mini-reasoning": "microsoft/Phi-4-mini-reasoning",
    "llama-nemotron-v1": "nvidia/Llama-3.1-Nemotron-Nano-8B-v1",
    "llama-nemotron-super-v1.5": "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5",
    "nemotron-nano-v2": "nvidia/NVIDIA-Nemotron-Nano-9B-v2",
    "nemotron-3": "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "magistral-2506": "mistralai/Magistral-Small-2506",
    "magistral-2507-plus": "mistralai/Magistral-Small-2509",
    "mistral-small-4": "mistralai/Mistral-Small-4-119B-2603",
    "gpt-oss": "openai/gpt-oss-20b",
    "glm-z1": "zai-org/GLM-Z1-32B-0414",
    "glm-4.1v-thinking": "zai-org/GLM-4.1V-9B-Thinking",
    "glm-4.5": "zai-org/GLM-4.5-Air",
    "glm-5": "zai-org/GLM-5.1",
    "kimi-k2-instruct": "moonshotai/Kimi-K2-Instruct",
    "kimi-k2-thinking": "moonshotai/Kimi-K2-Thinking",
    "kimi-k2.5": "moonshotai/Kimi-K2.5",
    "kimi-k3": "moonshotai/Kimi-K3",
    "minimax-m1": "MiniMaxAI/MiniMax-M1-80k",
    "minimax-m2": "MiniMaxAI/MiniMax-M2",
    "minimax-m3": "MiniMaxAI/MiniMax-M3",
    "exaone-deep": "LGAI-EXAONE/EXAONE-Deep-7.8B",
    "exaone-4": "LGAI-EXAONE/EXAONE-4.0-32B",
    "seed-oss": "ByteDance-Seed/Seed-OSS-36B-Instruct",
    "hunyuan-a13b": "tencent/Hunyuan-A13B-Instruct",
    "skywork-or1": "Skywork/Skywork-OR1-7B",
    "openthinker": "open-thoughts/OpenThinker3-7B",
    "granite-3.2": "ibm-granite/granite-3.2-8b-instruct",
    "granite-3.3": "ibm-granite/granite-3.3-8b-instruct",
    "llama-3": "meta-llama/Llama-3.1-8B-Instruct",
    "ling-ring-2": "inclusionAI/Ling-mini-2.0",
    "ring-2.6": "inclusionAI/Ring-2.6-1T",
    "ernie-4.5-thinking": "baidu/ERNIE-4.5-21B-A3B-Thinking",
    "smollm3": "HuggingFaceTB/SmolLM3-3B",
    "mimo-7b": "XiaomiMiMo/MiMo-7B-RL",
    "mimo-v2-flash": "XiaomiMiMo/MiMo-V2-Flash",
    "mimo-v2.5": "XiaomiMiMo/MiMo-V2.5",
    "olmo-3-think": "allenai/Olmo-3-32B-Think",
}
USER = {"role": "user", "content": "Hi"}
THINKING, NOT_THINKING = ({"chat_template_kwargs": {"enable_thinking": flag}} for flag in (True, False))
CODE = {"messages": [{"role": "user", "content": "Write a Python function that reverses a list."}]}
TOOLS = {"tools": [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}]}

# (entry, mode): what a request of that mode holds.
MODES: dict[tuple[str, str], dict[str, Any]] = {
    ("qwen3-hybrid", "thinking"): {},
    ("qwen3-hybrid", "non_thinking"): NOT_THINKING,
    ("qwen3.5", "thinking_general"): {},
    ("qwen3.5", "thinking_coding"): CODE,
    ("qwen3.5", "instruct_general"): NOT_THINKING,
    ("qwen3.6", "thinking"): {},
    ("qwen3.6", "thinking_coding"): CODE,
    ("qwen3.6", "instruct"): NOT_THINKING,
    ("qwen3.8", "thinking"): {},
    ("qwen3.8", "instruct"): NOT_THINKING,
    ("llama-nemotron-v1", "on"): {"messages": [{"role": "system", "content": "detailed thinking on"}, USER]},
    ("llama-nemotron-v1", "off"): {"messages": [{"role": "system", "content": "detailed thinking off"}, USER]},
    ("nemotron-nano-v2", "on"): {},
    ("nemotron-nano-v2", "off"): {"messages": [{"role": "system", "content": "/no_think"}, USER]},
    ("nemotron-3", "reasoning"): {},
    ("nemotron-3", "tool_calling"): TOOLS,
    ("nemotron-3", "off"): NOT_THINKING,
    ("kimi-k2.5", "thinking"): {},
    ("kimi-k2.5", "instant"): {"chat_template_kwargs": {"thinking": False}},
    ("exaone-4", "reasoning"): THINKING,
    ("exaone-4", "non_reasoning"): {},
    ("mimo-v2-flash", "math_writing_web"): {},
    ("mimo-v2-flash", "agentic"): TOOLS,
    ("mistral-small-4", ""): {"reasoning_effort": "high"},
    ("qwen3.5", "instruct_reasoning"): NOT_THINKING,
    ("glm-4.5", "glm-4.6"): {"model": "zai-org/GLM-4.6"},
    ("glm-4.5", "glm-4.7"): {"model": "zai-org/GLM-4.7"},
    ("skywork-or1", "32b"): {"model": "Skywork/Skywork-OR1-32B"},
}

# (entry, mode, figure, bound): words of the file's comment that say why it stands apart.
APART = {
    ("deepseek-v4", "", "top_p_agentic", "default"): "top-p 0.95 for agents",
    ("qwq-32b", "", "max_tokens", "max"): "32,768 tokens, which is that of evaluations",
    ("qwen3-hybrid", "thinking", "presence_penalty", "quantized"): "which the cards ask of quantised models only",
    ("qwen3-hybrid", "thinking", "max_tokens", "max"): "a limit of tokens",
    ("qwen3-hybrid", "thinking", "max_tokens_hard", "max"): "38,912 for hard problems",
    ("qwen3-hybrid", "non_thinking", "max_tokens", "max"): "a limit of tokens",
    ("qwen3-hybrid", "non_thinking", "presence_penalty", "doc_example"): "the presence penalty of 1.5",
    ("qwen3-hybrid", "non_thinking", "docs_max_message_tokens", "default"): "16,384 in an example",
    ("qwen3-2507-instruct", "", "max_tokens", "max"): "a limit of tokens: 16,384 is what the maker calls enough",
    ("qwen3-2507-thinking", "", "max_tokens", "max"): "a limit of tokens",
    ("qwen3-2507-thinking", "", "max_tokens_hard", "max"): "81,920 for hard problems",
    ("qwen3.5", "thinking_general", "presence_penalty", "default"): "the presence penalty while thinking",
    ("qwen3.5", "thinking_general", "max_tokens", "max"): "a limit of tokens",
    ("qwen3.5", "thinking_general", "max_tokens_hard", "max"): "81,920 for hard problems",
    ("qwen3.5", "instruct_reasoning", "temperature", "default"): "figures for reasoning without thinking",
    ("qwen3.5", "instruct_reasoning", "top_p", "default"): "figures for reasoning without thinking",
    ("nemotron-nano-v2", "on", "min_new_tokens_advice", "default"): "at least 1,024 new tokens",
    ("gpt-oss", "", "max_tokens_eval", "max"): "131,072 tokens of the makers' evaluations",
    ("glm-4.1v-thinking", "", "temperature", "min"): "anything from 0 to 1 will do",
    ("glm-4.1v-thinking", "", "temperature", "max"): "anything from 0 to 1 will do",
    ("kimi-k3", "", "top_p_agentic", "default"): "top-p 1.0 for agents",
    ("exaone-4", "reasoning", "presence_penalty", "on_degeneration"): "where an answer degenerates",
    ("exaone-4", "korean_1_2b", "temperature", "default"): "0.1 for Korean with the 1.2B",
    ("seed-oss", "", "taubench", "temperature"): "a benchmark of tool use",
    ("seed-oss", "", "taubench", "top_p"): "a benchmark of tool use",
    ("ling-ring-2", "", "max_tokens", "max"): "16,384 tokens of the examples",
}


class Figure(NamedTuple):
    entry: str
    mode: str
    name: str
    bound: str
    value: float


def figures(entry: dict[str, Any]) -> Iterator[Figure]:
    for mode, known in {"": entry.get("sampling") or {}, **(entry.get("modes") or {})}.items():
        for name, told in known.items():
            if name == "greedy":
                yield Figure(entry["id"], mode, "temperature", "default", 0)
                continue
            said = told if isinstance(told, dict) else {"max" if name.startswith("max_tokens") else "default": told}
            for bound, value in said.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    yield Figure(entry["id"], mode, name, bound, value)
                elif isinstance(value, dict):  # one for each size
                    for which, each in value.items():
                        yield Figure(entry["id"], which, name, bound, each)


def entries() -> list[dict[str, Any]]:
    if not CARDS.exists():
        return []
    return [entry for entry in yaml.safe_load(CARDS.read_text()) if entry.get("grade") in GRADES]


def agreed(figure: Figure) -> bool:
    """Tell whether a request of that model, in that mode, gets the figure."""
    mode = MODES.get((figure.entry, figure.mode), {})
    request: dict[str, Any] = {"model": MODELS[figure.entry], "messages": [USER], **mode}
    beyond = {"max": figure.value + 1, "max_exclusive": figure.value, "min": figure.value - 0.01}
    if figure.bound in beyond:
        request[figure.name] = beyond[figure.bound]
    chosen = SHIPPED.select(request["model"])
    assert chosen
    got = Pipeline(chosen.policy).apply(request, "chat").body.get(figure.name, NEUTRAL.get(figure.name))
    if figure.bound == "max_exclusive":
        return got is not None and bool(got < figure.value)
    return bool(got == figure.value)


FIGURES = [figure for entry in entries() for figure in figures(entry)]


@pytest.mark.skipif(not CARDS.exists(), reason="the collection is not beside this checkout")
def test_every_entry_has_a_policy() -> None:
    assert [entry["id"] for entry in entries() if not SHIPPED.select(MODELS[entry["id"]])] == []
    assert {figure[:4] for figure in FIGURES} >= set(APART)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: "-".join(str(part) for part in figure if part != ""))
def test_a_figure_is_what_a_request_gets_or_the_file_says_why_not(figure: Figure) -> None:
    words = APART.get(figure[:4])
    if words is None:
        assert agreed(figure)
        return
    chosen = SHIPPED.select(MODELS[figure.entry])
    assert chosen
    own = provenance(SHIPPED.files[chosen.policy.name])[0][chosen.policy.name]
    assert words in own
    assert not agreed(figure), "it agrees: take it out of APART"
