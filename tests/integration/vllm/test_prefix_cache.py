"""On a real vLLM, ``next_user`` preserves more of the prefix cache than merging into the first system message."""

from __future__ import annotations

import uuid

from benchmarks.prefix_cache import LATER, Way, read_counters

from tests.support.maker_templates import read_maker_template
from tests.support.vllm_server import Server, request_answer

TURNS = 6


def count_cached_tokens(root: str, into: str) -> int:
    """Return the cached prompt tokens of a conversation; its salt separates it from all others."""
    template, salt = read_maker_template("Qwen3.5-4B"), uuid.uuid4().hex
    _queries, before = read_counters(root)
    for body in Way(into, rule={**LATER, "into": into}).build_requests(TURNS):
        keys = {"model": "plain", "chat_template": template, "cache_salt": salt}
        answer = request_answer(f"{root}/v1", {**body, **keys}, stream=False)
        assert answer.status == 200, answer.error
    _queries, after = read_counters(root)
    return after - before


def test_next_user_finds_more_tokens_in_the_cache(servers: dict[bool, Server]) -> None:
    root = servers[False].root
    ours, theirs = (count_cached_tokens(root, into) for into in ("next_user", "first_system"))
    assert ours > theirs
