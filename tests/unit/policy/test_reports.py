"""Each user report that the shipped policies address is named by a case, so that a regression is noticed."""

from __future__ import annotations

import pytest

from prompt_policy import load_paths

REPORTS = {
    "empty or missing reasoning": ["ollama/ollama#8837", "deepseek-ai/DeepSeek-R1#247", "deepseek-ai/DeepSeek-R1#454",
                                  "kvcache-ai/ktransformers#129", "langgenius/dify#19051"],
    "no opening tag": ["vllm-project/vllm#12999", "deepseek-ai/DeepSeek-R1#526"],
    "newlines after the split": ["deepseek-ai/DeepSeek-R1#352", "jundot/omlx#2492"],
    "words glued": ["waybarrios/vllm-mlx#464", "raullenchai/Rapid-MLX#9", "vercel/ai#35"],
    "endless repetition": ["deepseek-ai/DeepSeek-R1#326", "QwenLM/Qwen3-VL#1825"],
    "system prompt dropped or harmful": ["LiteyukiStudio/nonebot-plugin-marshoai#8", "Aider-AI/aider#3121",
                                         "langgenius/dify#15739"],
    "roles refused": ["nomic-ai/gpt4all#3282", "kubeai-project/kubeai#499", "suitenumerique/conversations#197",
                      "google/adk-python#1373", "stanfordnlp/dspy#1627"],
}  # fmt: skip
CASES = [case.name for policy in load_paths([]).policies for case in policy.tests]


@pytest.mark.parametrize("report", [report for reports in REPORTS.values() for report in reports])
def test_each_report_is_named_by_a_case(report: str) -> None:
    repository, _, number = report.partition("#")
    named = [name for name in CASES if repository in name]
    assert any(f"#{number}" in name for name in named)
