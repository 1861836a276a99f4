"""The description of a policy."""

from __future__ import annotations

import re

from prompt_policy import load_paths
from prompt_policy.authoring.describe import describe_policy


def describe(name: str) -> str:
    loaded = load_paths([name])
    source_map = loaded.source_maps[name]
    return "\n".join(describe_policy(loaded.policies[0], source_map.comments, source_map.sources))


def test_every_rule_refers_to_a_listed_source() -> None:
    for name in ("qwq-32b", "deepseek-r1", "deepseek-r1-0528", "gemma-2"):
        section, _, rest = describe(name).partition("Rules\n")[2].partition("\n\n")
        rules = re.split(r"^  \d+\. ", section, flags=re.MULTILINE)[1:]
        sources = rest.partition("Sources\n")[2]
        assert rules
        for rule in rules:
            [references] = re.findall(r"\[([\d, ]+)\](?: If the chat template adds .*)?$", " ".join(rule.split()))
            for number in references.split(", "):
                assert re.search(rf"^  \[{number}\] 20\d\d-\d\d-\d\d  https://", sources, re.MULTILINE)


def test_inherited_rules_refer_to_their_own_sources() -> None:
    text = describe("deepseek-r1")
    [number] = re.findall(r"5. forget-old-thoughts: strip_reasoning  \[(\d+)\]", text)
    assert re.search(rf"\[{number}\] \S+  https://api-docs.deepseek.com/\S*guides/reasoning_model", text)
    assert "docs, recommended; Usage Recommendations, item 1 (line 190); revision" in text
    assert "deepseek-r1-distill: DeepSeek-R1 (January 2025) distilled" in text


def test_a_rule_that_moves_system_messages_has_a_remark() -> None:
    remark = "If the chat template adds a system message of its own, the model reads that one"
    assert remark in " ".join(describe("gemma-2").split())
    assert "the model reads that one" not in describe("qwen3")
    assert "The model reads an empty system message" in " ".join(describe("mimo-7b").split())
    assert "The model reads the chat template's own system message, which is wanted." in describe("granite-3")


def test_the_leading_comment_of_the_file_is_shown_as_notes() -> None:
    text = " ".join(describe("gemma-2").split())
    assert "Notes The chat template " in text


def test_long_lines_are_wrapped() -> None:
    lines = describe("qwen3").splitlines()
    assert all(len(line) <= 110 or " " not in line.strip() for line in lines)
