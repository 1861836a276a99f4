"""The tables of headers and environment variables list everything that the sources read or send, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from prompt_policy.cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "headers-and-metrics.md").read_text()
SOURCES = "".join(path.read_text() for path in sorted((ROOT / "src").rglob("*.py")))
ROWS = re.findall(r"^\| (`[^|]*`) \|", PAGE, re.MULTILINE)
LISTED = {name for row in ROWS for name in re.findall(r"`([^`]+)`", row)}
RECIPES = ("README.md", "docs/tutorial/first-policy.md", "docs/how-to/litellm.md", "docs/how-to/asgi.md",
           "docs/how-to/vllm.md", "docs/how-to/deployment.md", "docs/how-to/operations.md")  # fmt: skip


def list_option_variables(command: Any) -> Iterator[str]:
    """Yield the environment variables of a command's options, and of its sub-commands'."""
    for parameter in command.params:
        variables = parameter.envvar or ()
        yield from [variables] if isinstance(variables, str) else variables
    for name in getattr(command, "commands", ()):
        yield from list_option_variables(command.commands[name])


def test_every_variable_of_the_project_is_listed() -> None:
    found = set(re.findall(r"\bPROMPT_POLICY_[A-Z_]*[A-Z]\b", SOURCES))
    assert found == {name for name in LISTED if name.startswith("PROMPT_POLICY_")}


def test_every_variable_of_an_option_is_listed() -> None:
    found = set(list_option_variables(typer.main.get_command(app)))
    assert {"LITELLM_MASTER_KEY", "OPENAI_API_KEY"} <= found
    assert found - LISTED == set()


def test_every_header_is_listed() -> None:
    from prompt_policy.conditions import context
    from prompt_policy.runtime import decision

    found = {
        value for module in (context, decision) for name, value in vars(module).items() if name.endswith("_HEADER")
    }
    assert found == {name for name in LISTED if name.startswith("x-prompt-policy")}
    others = set(re.findall(r"x-prompt-policy[a-z-]*[a-z]", SOURCES)) - found
    assert others == set(), "a header without a constant"


@pytest.mark.parametrize("page", RECIPES)
def test_a_recipe_ends_with_the_command_that_shows_that_it_works(page: str) -> None:
    assert re.search(r"^(?:\w+=\w+ )?prompt-policy doctor http", (ROOT / page).read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_troubleshooting_page_is_linked(page: str) -> None:
    assert "how-to/troubleshooting.md" in (ROOT / page).read_text()
