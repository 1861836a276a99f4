"""A policy's card."""

from __future__ import annotations

import re

from prompt_policy import load_paths
from prompt_policy.policy.load import provenance
from prompt_policy.workshop.card import card


def told(name: str) -> str:
    loaded = load_paths([name])
    return "\n".join(card(loaded.policies[0], *provenance(loaded.files[name])))


def test_every_rule_is_marked_with_a_source_that_stands_below() -> None:
    for name in ("qwq-32b", "deepseek-r1", "deepseek-r1-0528", "gemma-2"):
        enforced, _, rest = told(name).partition("What is enforced\n")[2].partition("\n\n")
        rules = re.split(r"^  \d+\. ", enforced, flags=re.MULTILINE)[1:]
        sources = rest.partition("Who says so\n")[2]
        assert rules
        for rule in rules:
            [marks] = re.findall(r"\[([\d, ]+)\]$", rule.strip())
            for number in marks.split(", "):
                assert re.search(rf"^  \[{number}\] 20\d\d-\d\d-\d\d  https://", sources, re.MULTILINE)


def test_what_an_heir_inherits_is_told_with_its_own_sources() -> None:
    text = told("deepseek-r1")
    assert "5. forget-old-thoughts: strip_reasoning  [4]" in text
    assert "[4] 2025-01-20  https://api-docs.deepseek.com/guides/reasoning_model" in text
    assert "deepseek-r1-distill: DeepSeek-R1 (January 2025) distilled" in text


def test_the_comment_at_the_top_is_what_is_left_alone() -> None:
    text = " ".join(told("gemma-2").split())
    assert "What is left alone, and why The chat template refuses system messages" in text


def test_lines_are_of_bearable_length() -> None:
    lines = told("qwen3").splitlines()
    assert all(len(line) <= 110 or " " not in line.strip() for line in lines)
