"""The shipped policies, rendered with the chat templates that the makers of the models publish."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from prompt_policy.kinds.force_opening import ForceOpening
from tests.integration.templates.conversations import (
    LOOPS,
    MESSAGES,
    RUNNING,
    find_markers,
    make_body,
    move_reasoning,
    uses_tools,
)
from tests.integration.templates.rendering import SHIPPED, apply_shipped_policy
from tests.support.maker_templates import REFUSED, find_maker_templates, render_maker_template

ROWS: Final[Sequence[Mapping[str, Any]]] = yaml.safe_load(Path(__file__).with_name("makers.yaml").read_text())
SHOWN: Final[Mapping[str, Mapping[str, set[str]]]] = {
    "never": {"two_steps": set(), "finished_loop": set(), "loop_after_loop": set()},
    "running": {
        "two_steps": {"reasoning1", "reasoning2"},
        "finished_loop": set(),
        "loop_after_loop": {"reasoning3"},
    },
    "all": {
        "two_steps": {"reasoning1", "reasoning2"},
        "finished_loop": {"reasoning1", "reasoning2"},
        "loop_after_loop": {"reasoning1", "reasoning2", "reasoning3"},
    },
}
Row = Mapping[str, Any]


def for_each(rows: Sequence[Row]) -> pytest.MarkDecorator:
    """Parametrise a test with each template of some rows, and each of its models."""
    pairs = [pytest.param(row, model, id=f"{row['template']}-{model}") for row in rows for model in row["models"]]
    return pytest.mark.parametrize(("row", "model"), pairs)


@pytest.fixture(scope="module", autouse=True)
def templates() -> Path:
    return find_maker_templates()


def render_pair(row: Row, body: dict[str, Any]) -> tuple[str, str]:
    """Return the prompts of a request without and with the policy of its model."""
    return render_maker_template(row["template"], body), render_maker_template(
        row["template"], apply_shipped_policy(body)
    )


@cache
def render_conversation(template: str, model: str, name: str) -> tuple[str, str]:
    row = next(row for row in ROWS if row["template"] == template)
    return render_pair(row, make_body(model, name, row.get("switch", {})))


def find_losses(row: Row, name: str, prompt: str) -> set[str] | str:
    """Return the texts of a conversation that a prompt lacks, reasoning aside, or the template's refusal."""
    if prompt.startswith(REFUSED):
        return prompt.removeprefix(REFUSED)
    lost = find_markers(json.dumps(MESSAGES[name])) - find_markers(prompt)
    return {text for text in lost if not text.startswith(("reasoning", *row.get("omits", [])))}


def expect_losses(row: Row, name: str) -> set[str] | str:
    refused = row.get("refused", {})
    message = refused.get(name) or (refused.get("tools") if uses_tools(name) else None)
    return message or set(row.get("lost", {}).get(name, []))


def is_as_expected(found: set[str] | str, wanted: set[str] | str) -> bool:
    if isinstance(found, str):
        return isinstance(wanted, str) and wanted in found
    return found == wanted


@for_each(ROWS)
def test_every_text_reaches_the_prompt_unless_the_template_drops_it(row: Row, model: str) -> None:
    fixed = []
    for name in MESSAGES:
        without, rewritten = (find_losses(row, name, p) for p in render_conversation(row["template"], model, name))
        assert is_as_expected(rewritten, expect_losses(row, name)), name
        if without != rewritten and not isinstance(rewritten, str):
            assert isinstance(without, str) or rewritten < without, name
            fixed.append(name)
    assert fixed == row.get("fixed", [])


@for_each(ROWS)
def test_tool_loops_are_rendered_as_without_the_policy(row: Row, model: str) -> None:
    for name in LOOPS:
        body = make_body(model, name, row.get("switch", {}))
        for field in ("reasoning", "reasoning_content"):
            messages = move_reasoning(body["messages"], field)
            without, rewritten = render_pair(row, {**body, "messages": messages})
            if row.get("trims"):
                without, rewritten = "".join(without.split()), "".join(rewritten.split())
            assert rewritten == without, (name, field)


@for_each(ROWS)
def test_a_running_loop_keeps_reasoning_in_its_content(row: Row, model: str) -> None:
    for name in RUNNING:
        body = make_body(model, name, row.get("switch", {}))
        without, rewritten = render_pair(row, {**body, "messages": move_reasoning(body["messages"], "inline")})
        assert rewritten == without, name


@for_each(ROWS)
def test_reasoning_of_a_running_loop_is_shown_if_the_template_shows_it(row: Row, model: str) -> None:
    for name, wanted in SHOWN[row["reasoning"]].items():
        _, prompt = render_conversation(row["template"], model, name)
        assert {text for text in find_markers(prompt) if text.startswith("reasoning")} == wanted, name


@for_each([row for row in ROWS if "preserved_by" in row])
def test_reasoning_that_the_client_preserves_is_shown(row: Row, model: str) -> None:
    without, rewritten = render_pair(row, make_body(model, "finished_loop", row["preserved_by"]))
    assert rewritten == without
    assert {"reasoning1", "reasoning2"} <= find_markers(rewritten)


@for_each(ROWS)
def test_reasoning_is_opened_once_by_the_template_or_the_policy(row: Row, model: str) -> None:
    opening = row.get("opens")
    without, rewritten = render_conversation(row["template"], model, "plain")
    if opening is None:
        assert "think" not in without.partition("#question#")[2]
        assert rewritten.partition("#question#")[2] == without.partition("#question#")[2]
    else:
        assert without.endswith(opening)
        assert rewritten.endswith(opening)
        assert rewritten.partition("#question#")[2].count(opening.strip()) == 1


@for_each(ROWS)
def test_the_restored_opening_is_that_of_the_template(row: Row, model: str) -> None:
    selected = SHIPPED.select(model)
    assert selected
    rules = [rule for rule in selected.policy.rules if isinstance(rule, ForceOpening)]
    if "opens" not in row:  # the template opens nothing unless the request switches thinking on
        rules = [rule for rule in rules if rule.when is None or rule.when.thinking is None]
    assert [(rule.method, rule.text) for rule in rules] == (
        [(row["restored"], row["opens"])] if "restored" in row else []
    )


@for_each([row for row in ROWS if row.get("restored") == "template"])
def test_no_opening_is_restored_if_the_template_opens_none(row: Row, model: str) -> None:
    body = make_body(model, "plain", {"thinking": False, "enable_thinking": False})
    without, rewritten = render_pair(row, body)
    assert rewritten == without
    assert not rewritten.endswith(row["opens"])
