"""Policy files in a folder, and the problems of loading them."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy import LoadError, load_paths

HEAD = "version: 1\nname: {name}\napplies_to: {{models: ['{name}*']}}\n"
RULE = "rules:\n  - {name: r, kind: reject, message: 'no'}\n"


def write_policy_file(folder: Path, name: str, text: str = RULE, head: str = HEAD) -> Path:
    """Write a policy of this name, with ``text`` after its head, and return the file."""
    file = folder / f"{name}.yaml"
    file.write_text(head.format(name=name) + text)
    return file


def list_problems(*paths: str | Path) -> list[str]:
    """Return the problems that loading some paths reports, a line each."""
    with pytest.raises(LoadError) as caught:
        load_paths(list(paths))
    return str(caught.value).splitlines()
