"""Checking the sources of policies against their pages."""

from __future__ import annotations

import datetime
from typing import Any

from prompt_policy.authoring.verify.pages import Page
from prompt_policy.authoring.verify.verification import SourceResult, verify_sources
from prompt_policy.policy.source import Source
from tests.support.policies import policy_of

TODAY = datetime.date(2026, 12, 11)
CARD, PINNED = (f"https://github.com/o/r/blob/{branch}/README.md" for branch in ("main", "abcdef0"))
COPY = "https://example.org/copy"


class PagesInMemory:
    """Pages by address."""

    def __init__(self, pages: dict[str, str]) -> None:
        self._pages = pages

    def read(self, url: str) -> Page:
        return Page(self._pages.get(url), f"{url} is absent")


def verify(pages: dict[str, str] | None, **keys: Any) -> SourceResult:
    source = {"url": CARD, "revision": "abcdef0", "read": "2026-12-01", "says": "so", "copy": COPY, **keys}
    policy = policy_of({"kind": "fold_system"}).model_copy(update={"sources": (Source.model_validate(source),)})
    [result] = verify_sources([policy], None if pages is None else PagesInMemory(pages), TODAY)
    return result


def test_a_page_that_contains_the_items_is_found() -> None:
    result = verify({CARD: "a\ntemperature 0.6"}, finds=["temperature", 0.6])
    assert (result.status, result.address, result.place, result.age_days) == ("found", CARD, (2, 2), 10)
    assert len(result.digest) == 64


def test_the_newest_revision_decides_if_it_can_be_read() -> None:
    result = verify({CARD: "temperature 0.7", PINNED: "temperature 0.6"}, finds=["temperature", 0.6])
    assert result.status == "moved"
    assert result.problem == f"temperature, 0.6 do not stand together at {CARD}"


def test_the_revision_that_was_read_and_then_its_copy_stand_in() -> None:
    assert verify({PINNED: "0.6", COPY: ""}, finds=[0.6]).address == PINNED
    assert verify({COPY: "0.6"}, finds=[0.6]).address == COPY


def test_a_source_without_a_page_is_unreachable() -> None:
    result = verify({}, finds=[0.6])
    assert result.status == "unreachable"
    assert result.problem == f"{CARD} is absent; {PINNED} is absent; {COPY} is absent"


def test_a_source_that_lists_nothing_is_unchecked() -> None:
    assert verify({CARD: "0.6"}).problem == "it lists nothing under `finds`"


def test_without_pages_only_the_age_is_known() -> None:
    result = verify(None, finds=[0.6])
    assert (result.status, result.age_days, result.address) == ("unchecked", 10, "")
