"""Spellings of the thinking switch, effort and budget."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import create_request
from prompt_policy.wire.requests.thinking import (
    ThinkingSettings,
    ThinkingSupport,
    is_thinking,
    read_switch_text,
    read_thinking,
)
from prompt_policy.wire.requests.traits import TRAIT_PARAMETERS

SOFT = ThinkingSupport(has_soft_switches=True)


@pytest.mark.parametrize(
    ("body", "enabled", "effort", "budget"),
    [
        ({}, None, None, None),
        ({"temperature": 1}, None, None, None),
        ({"reasoning_effort": "low"}, True, "low", None),
        ({"reasoning_effort": "none"}, False, None, None),
        ({"reasoning_effort": None}, None, None, None),
        ({"reasoning_effort": 3}, None, None, None),
        ({"thinking_token_budget": 0}, False, None, None),
        ({"thinking_token_budget": 100}, None, None, 100),
        ({"thinking_token_budget": None}, None, None, None),
        ({"thinking_token_budget": False}, None, None, None),
        ({"thinking_token_budget": -1}, None, None, None),
        ({"thinking_token_budget": float("nan")}, None, None, None),
        ({"thinking_budget": 0}, False, None, None),
        ({"thinking_budget_tokens": 0}, False, None, None),
        ({"reasoning_budget": 64}, None, None, 64),
        ({"reasoning": {"effort": "none"}}, False, None, None),
        ({"reasoning": {"enabled": False}}, False, None, None),
        ({"reasoning": {"enabled": True, "effort": "low"}}, True, "low", None),
        ({"reasoning": {"max_tokens": 512}}, True, None, 512),
        ({"reasoning": {"summary": "auto"}}, None, None, None),
        ({"reasoning": "high"}, None, None, None),
        ({"thinking": {"type": "disabled"}}, False, None, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, True, None, 1024),
        ({"thinking": {"type": "adaptive"}}, True, None, None),
        ({"thinking": False}, False, None, None),
        ({"enable_thinking": False}, False, None, None),
        ({"enable_thinking": True}, True, None, None),
        ({"enable_thinking": None}, None, None, None),
        ({"enable_thinking": 0}, None, None, None),
        ({"think": False}, False, None, None),
        ({"think": "low"}, True, "low", None),
        ({"think": "aloud"}, None, None, None),
        ({"output_config": {"effort": "high"}}, True, "high", None),
        ({"output_config": {"format": {"type": "json_schema"}}}, None, None, None),
        ({"chat_template_kwargs": {"enable_thinking": False}}, False, None, None),
        ({"chat_template_kwargs": {"enable_thinking": True}}, True, None, None),
        ({"chat_template_kwargs": {"thinking": False}}, False, None, None),
        ({"chat_template_kwargs": {"thinking_mode": "disabled"}}, False, None, None),
        ({"chat_template_kwargs": {"reasoning_effort": "none"}}, False, None, None),
        ({"chat_template_kwargs": {"thinking_budget": 0}}, False, None, None),
        ({"chat_template_kwargs": {"preserve_thinking": False}}, None, None, None),
        ({"chat_template_kwargs": []}, None, None, None),
        ({"extra_body": {"chat_template_kwargs": {"enable_thinking": False}}}, False, None, None),
        ({"nvext": {"thinking_token_budget": 7}}, None, None, 7),
        ({"enable_thinking": True, "reasoning_effort": "none"}, False, None, None),
        ({"reasoning_effort": "high", "chat_template_kwargs": {"reasoning_effort": "low"}}, True, "low", None),
    ],
)
def test_every_spelling_is_read(
    body: dict[str, Any], enabled: bool | None, effort: str | None, budget: int | None
) -> None:
    settings = read_thinking(body)
    assert settings[:3] == (enabled, effort, budget)
    assert bool(settings.spellings) is (settings[:3] != (None, None, None))
    assert create_request(body, "chat").traits.thinking_enabled is (enabled is not False)
    assert TRAIT_PARAMETERS.issuperset(set(body) - {"temperature"})


def test_a_request_without_settings_has_no_spellings() -> None:
    assert read_thinking({"messages": []}) == ThinkingSettings()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Hi"], True),
        (["Hi /no_think"], False),
        (["/no_think", "Now /think."], True),
        (["/think then /no_think"], False),
        (["The path /var/no_think"], True),
        (["/no_thinking", "a/no_think"], True),
        (["(see /no_think)"], False),
    ],
)
def test_the_last_soft_switch_decides(texts: list[str], expected: bool) -> None:
    assert is_thinking({}, SOFT, texts) is expected
    assert is_thinking({}, ThinkingSupport(), texts) is True
    assert is_thinking({"enable_thinking": False}, SOFT, ["/think"]) is False


@pytest.mark.parametrize(
    ("support", "body", "expected"),
    [
        (ThinkingSupport(default=False), {}, False),
        (ThinkingSupport(default=False), {"reasoning_effort": "low"}, True),
        (ThinkingSupport(default=True), {"reasoning_effort": "none"}, False),
        (ThinkingSupport(can_disable=False), {"reasoning_effort": "none"}, True),
    ],
)
def test_the_default_applies_if_the_request_sets_nothing(
    support: ThinkingSupport, body: dict[str, Any], expected: bool
) -> None:
    request = create_request(body, "chat")
    request.thinking_support = support
    assert request.traits.thinking_enabled is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("on", True), ("off", False), (True, True), (False, False), ("", None), (None, None), (1, None), ([], None)],
)
def test_a_host_setting_is_on_off_or_unset(value: Any, expected: bool | None) -> None:
    assert read_switch_text(value) is expected
