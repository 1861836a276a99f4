"""In the pages every YAML block is valid, every transcript matches the output, and every command exists."""

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
from tests.support.page_files import BLOCK, read_blocks

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS = Path(sys.executable).parent


def find_blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """Return the name, if any, and the text of each block in a language."""
    return [(block.name, block.text) for block in read_blocks(page) if block.language == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_yaml_block_is_valid_and_every_policy_loads(page: Path, tmp_path: Path) -> None:
    for _name, text in find_blocks(page, "yaml"):
        policy = yaml.safe_load(text)
        if isinstance(policy, dict) and "version" in policy:
            file = tmp_path / f"{policy['name']}.yaml"
            file.write_text(text)
            assert load(file).name == policy["name"]


@pytest.mark.parametrize("page", [ROOT / "docs" / "tutorial" / "first-policy.md"], ids=lambda page: page.name)
def test_transcripts_of_a_page_match_the_output(page: Path, tmp_path: Path) -> None:
    for block in read_blocks(page):
        if block.name:
            block.write(tmp_path)
        elif block.language == "console":
            transcript = "".join(
                f"$ {command}\n{_run(command, tmp_path)}" for command in re.findall(r"^\$ (.*)$", block.text, re.M)
            )
            assert transcript == block.text


def _run(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": f"{COMMANDS}:/usr/bin:/bin", "HOME": str(folder)},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def find_commands(page: Path) -> list[str]:
    """Return the calls of this program in a page."""
    text = page.read_text().replace("\\\n", " ")
    in_blocks = re.findall(r"^(?:\$ |.*&& )?(prompt-policy (?!utils).*?)(?:  +#.*| &&.*)?$", "\n".join(
        block for language, _name, block in BLOCK.findall(text) if language in ("bash", "console")
    ), re.MULTILINE)  # fmt: skip
    inline = re.findall(r"`(prompt-policy [a-z][^`]*)`", BLOCK.sub("", text))
    return [*in_blocks, *(command.replace("\n", " ") for command in inline)]


def test_every_command_in_the_pages_exists() -> None:
    found = [(page.name, command) for page in PAGES if page.name != "cli.md" for command in find_commands(page)]
    assert len(found) > 40
    assert [f"{page}: {command}: {wrong}" for page, command in found if (wrong := _find_error(command))] == []


def _find_error(command: str) -> str | None:
    """Return the verb or option of a command that does not exist."""
    group: Any = typer.main.get_command(app)  # of click, or of the copy of it in newer releases of typer
    words = shlex.split(command.partition(" -- ")[0].partition(" [--")[0])[1:]
    while hasattr(group, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in group.commands:
            return f"no verb {name}"
        group = group.commands[name]
    known = {option for parameter in group.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = [word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1]
    unknown = [option for option in options if option not in {*known, "--help"}]
    return f"no option {unknown[0]}" if unknown and not group.ignore_unknown_options else None


def test_security_md_names_every_security_test() -> None:
    paths = re.findall(r"`(tests/security/test_\w+\.py)`", (ROOT / "SECURITY.md").read_text())
    assert sorted(paths) == sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/security").glob("test_*.py"))
