"""Text in system prompts at which the engine's prefix cache ends."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Pipeline, load
from prompt_policy.authoring.volatile_text import find_volatile_text
from prompt_policy.wire import Endpoint
from tests.repo.test_structure import ROOT
from tests.support.policies import chat

HEADER = "x-anthropic-billing-header: cc_version=2.1.37.abc; cc_entrypoint=cli; cch=1f2e3;"


def find(system: str, sent: dict[str, Any] | None = None) -> list[str]:
    body = chat(("system", system), "Hi")
    return list(find_volatile_text(body, body if sent is None else sent, "chat"))


@pytest.mark.parametrize(
    ("system", "name"),
    [
        (f"{HEADER}\nBe brief.", "a billing header"),
        ("Be brief.\nSession 0b2f6c1e-3c1d-4a7e-9f00-1a2b3c4d5e6f", "a UUID"),
        ("Current time: 2026-11-30T10:51:22Z", "a time of day"),
        ("The current date and time is Monday, 30 November 2026, 10:51 AM.", "a time of day"),
        ("现在是2026年11月30日 10:51", "a time of day"),
        ("now=1764500000", "a Unix time"),
    ],
)
def test_volatile_text_is_reported_with_the_page_on_its_removal(system: str, name: str) -> None:
    (note,) = find(system)
    assert name in note
    assert "docs/how-to/prefix-cache.md" in note


@pytest.mark.parametrize(
    "system",
    [
        "",
        "Be brief.",
        "Today is 2026-11-30.",
        "The shop opens at 9:00.",
        "Explain x-anthropic-billing-header: to users.",
    ],
)
def test_text_that_stays_the_same_is_not_reported(system: str) -> None:
    assert find(system) == []


def test_what_the_user_writes_is_not_reported() -> None:
    body = chat("Current time: 2026-11-30T10:51:22Z")
    assert list(find_volatile_text(body, body, "chat")) == []


def test_text_that_the_policy_removes_is_not_reported() -> None:
    example = Pipeline(load(ROOT / "examples" / "edit_text.yaml"))
    for system in (f"{HEADER}\nBe brief.", "Current time: 2026-11-30T10:51:22Z"):
        assert find(system, example.apply(chat(("system", system), "Hi"), "chat").body) == []


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("responses", {"instructions": HEADER, "input": "Hi"}),
        ("messages", {"system": [{"type": "text", "text": HEADER}], "messages": [{"role": "user", "content": "Hi"}]}),
    ],
)
def test_every_endpoint_with_a_system_text_is_searched(endpoint: Endpoint, body: dict[str, Any]) -> None:
    assert len(list(find_volatile_text(body, body, endpoint))) == 1


def test_folded_text_is_still_reported() -> None:
    body = chat(f"{HEADER}\n\nHi")
    assert len(find(HEADER, body)) == 1
