"""The command line imports a verb when it is used."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from prompt_policy.cli import VERBS, LazyCommands, app
from tests.support.cli import run

LOADED = """
import sys
from prompt_policy.cli import app
app(sys.argv[1:], standalone_mode=False)
print(*sys.modules)
"""
EXAMPLE = Path(__file__).parents[3] / "examples" / "clamp.yaml"


def imported_modules(*arguments: str) -> set[str]:
    """Run the command line and return the names of all modules that it has imported."""
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_check_imports_no_other_verb() -> None:
    modules = imported_modules("check", str(EXAMPLE))
    verbs = {target.partition(":")[0] for target in VERBS.values()} & modules
    assert verbs == {"prompt_policy.cli.check"}
    assert not {"rich", "ssl", "http.client", "attr", "asyncio"} & modules
    assert not {name for name in modules if name.startswith(("prompt_policy.launcher", "prompt_policy.authoring"))}


def test_help_lists_every_verb_in_order() -> None:
    done = run("--help")
    found = [name for line in done.stdout.splitlines() for name in VERBS if line.startswith(f"│ {name} ")]
    assert found == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_a_command_of_that_name(verb: str) -> None:
    group: Any = typer.main.get_command(app)
    command = group.commands[verb]
    assert (command.name, bool(command.help)) == (verb, True)
    assert group.commands.get(verb) is command


def test_an_unknown_verb_gets_a_suggestion() -> None:
    assert LazyCommands(VERBS).get("polices") is None
    done = run("polices")
    assert done.returncode == 2
    assert "No such command 'polices'. Did you mean 'policies'?" in done.stderr


def list_help_texts(command: Any) -> Iterator[str]:
    """Yield the help of a command, of its parameters, and of its sub-commands."""
    yield command.help or ""
    yield from (getattr(parameter, "help", None) or "" for parameter in command.params)
    for name in getattr(command, "commands", ()):
        yield from list_help_texts(command.commands[name])


def test_help_has_no_brackets_that_rich_removes() -> None:
    texts = list(list_help_texts(typer.main.get_command(app)))
    assert any(r"\[templates]" in text for text in texts)
    assert [text for text in texts if re.search(r"(?<!\\)\[[a-z#/@]", text)] == []
