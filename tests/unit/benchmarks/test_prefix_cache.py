"""The measurement of the prefix cache sends what each remedy sends, and counts what the engine reports."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from benchmarks.prefix_cache import LATER, SYSTEM_PROMPT, TokenCount, Way, count_cached_tokens, format_counts

from tests.integration.templates.rendering import render_prompt
from tests.support.fake_backend import FakeBackend, Response, run_backend

TURNS = 6


def render_prompts(**rule: str) -> list[str]:
    requests = Way("", rule={**LATER, **rule}).build_requests(TURNS)
    return [render_prompt("Qwen3.5-4B", body).removesuffix("<think>\n") for body in requests]


def find_lost_prefixes(prompts: list[str]) -> list[int]:
    """Return the turns whose prompt does not begin with the prompt of the turn before."""
    return [turn for turn, (old, new) in enumerate(pairwise(prompts), start=2) if not new.startswith(old)]


def test_next_user_preserves_the_prefix_of_every_turn() -> None:
    prompts = render_prompts(into="next_user")
    assert len(prompts) == TURNS
    assert find_lost_prefixes(prompts) == []


def test_first_system_loses_the_prefix_with_each_new_message() -> None:
    assert find_lost_prefixes(render_prompts(into="first_system")) == [3, 5]


def test_template_refuses_the_conversation_without_a_remedy() -> None:
    prompts = [render_prompt("Qwen3.5-4B", body) for body in Way("").build_requests(3)]
    assert ["refused" in prompt for prompt in prompts] == [False, False, True]


@pytest.mark.parametrize("endpoint", ["chat", "messages"])
def test_system_prompt_is_in_the_place_of_the_endpoint(endpoint: Any) -> None:
    body = next(Way("", endpoint).build_requests(1))
    assert body.get("system", body["messages"][0]["content"]) == SYSTEM_PROMPT
    assert [message["role"] for message in body["messages"]][-1:] == ["user"]


def test_counters_are_those_of_the_conversation() -> None:
    counters = [(100, 30), (400, 250)]

    def respond(path: str) -> Response:
        if path != "/metrics":
            return 200, {}, [b"{}"]
        queries, hits = counters.pop(0)
        lines = (
            f'vllm:prefix_cache_queries_total{{a="b"}} {queries}.0\nvllm:prefix_cache_hits_total{{a="b"}} {hits}.0\n'
        )
        return 200, {}, [lines.encode()]

    class FakeEngine(FakeBackend):
        def _choose_response(self, path: str) -> Response:
            return respond(path)

    resets: list[bool] = []
    with run_backend(FakeEngine()) as engine:
        count = count_cached_tokens(engine.url, Way("any"), 2, lambda: resets.append(True))

    assert count == TokenCount(300, 220)
    assert resets == [True]
    assert [len(body["messages"]) for body in engine.bodies] == [2, 4]


def test_table_has_a_row_for_each_way() -> None:
    lines = format_counts({"one": TokenCount(1000, 250), "another": TokenCount(2000, 0)}).splitlines()
    assert lines[1].split() == ["one", "1,000", "250", "25.0%", "750"]
    assert lines[2].split() == ["another", "2,000", "0", "0.0%", "2,000"]
