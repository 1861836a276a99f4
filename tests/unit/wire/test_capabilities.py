"""Capabilities: which of those that a rule needs is missing."""

from __future__ import annotations

from prompt_policy.wire.capabilities import NO_OBSTACLES, Capability, find_obstacle


def test_the_first_missing_capability_gives_the_reason() -> None:
    obstacles: dict[Capability, str] = {"visible_answer": "not seen", "prefill": "not continued"}
    assert find_obstacle(obstacles, ("prefill", "visible_answer")) == "not continued"
    assert find_obstacle({"prefill": "not continued"}, ("visible_answer",)) is None
    assert find_obstacle(NO_OBSTACLES, ("prefill",)) is None
