"""The pages: every YAML block is valid, every transcript is what happens, every command is one that there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from prompt_policy import load
from prompt_policy.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMANDS = Path(sys.executable).parent


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """Return the name, if any, and the text of each block in a language."""
    return [(name, text) for told, name, text in BLOCK.findall(page.read_text()) if told == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_yaml_block_is_valid_and_every_policy_loads(page: Path, tmp_path: Path) -> None:
    for _name, text in blocks(page, "yaml"):
        said = yaml.safe_load(text)
        if isinstance(said, dict) and "version" in said:
            file = tmp_path / f"{said['name']}.yaml"
            file.write_text(text)
            assert load(file).name == said["name"]


@pytest.mark.parametrize("page", [ROOT / "docs" / "tutorial.md"], ids=lambda page: page.name)
def test_the_transcripts_of_a_page_are_what_happens(page: Path, tmp_path: Path) -> None:
    for language, name, text in BLOCK.findall(page.read_text()):
        if name:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        elif language == "console":
            said = "".join(
                f"$ {command}\n{_run(command, tmp_path)}" for command in re.findall(r"^\$ (.*)$", text, re.M)
            )
            assert said == text


def _run(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": f"{COMMANDS}:/usr/bin:/bin", "HOME": str(folder)},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def commands(page: Path) -> list[str]:
    """Return what stands in a page and is a call of this program."""
    text = page.read_text().replace("\\\n", " ")
    in_blocks = re.findall(r"^(?:\$ |.*&& )?(prompt-policy (?!utils).*?)(?:  +#.*| &&.*)?$", "\n".join(
        block for language, _name, block in BLOCK.findall(text) if language in ("bash", "console")
    ), re.MULTILINE)  # fmt: skip
    inline = re.findall(r"`(prompt-policy [a-z][^`]*)`", BLOCK.sub("", text))
    return [*in_blocks, *(command.replace("\n", " ") for command in inline)]


def test_every_command_in_the_pages_exists() -> None:
    said = [(page.name, command) for page in PAGES if page.name != "cli.md" for command in commands(page)]
    assert len(said) > 40
    assert [f"{page}: {command}: {wrong}" for page, command in said if (wrong := _mistake(command))] == []


def _mistake(command: str) -> str | None:
    """Return what is wrong with a command's words: a verb or an option that is not there."""
    found: Any = typer.main.get_command(app)  # of click, or of the copy of it that newer releases bring along
    words = shlex.split(command.partition(" -- ")[0].partition(" [--")[0])[1:]
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in found.commands:
            return f"no verb {name}"
        found = found.commands[name]
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = [word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1]
    unknown = [option for option in options if option not in {*known, "--help"}]
    return f"no option {unknown[0]}" if unknown and not found.ignore_unknown_options else None


def test_every_promise_names_the_tests_that_hold_it() -> None:
    named = re.findall(r"`(tests/security/test_\w+\.py)`", (ROOT / "SECURITY.md").read_text())
    assert sorted(named) == sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/security").glob("test_*.py"))
