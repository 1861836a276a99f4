"""The code blocks of the documentation's pages, and the files that they print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

GUIDES: Final = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK: Final = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class CodeBlock(NamedTuple):
    """A code block: its language, the name of the file that it prints, and its text; the first two may be empty."""

    language: str
    name: str
    text: str

    def write(self, folder: Path) -> None:
        """Write the block's file into a folder."""
        (folder / self.name).parent.mkdir(exist_ok=True)
        (folder / self.name).write_text(self.text)


def read_blocks(page: Path) -> list[CodeBlock]:
    """Return the code blocks of a page."""
    return [CodeBlock(*found) for found in BLOCK.findall(page.read_text())]


def write_page_files(page: Path, folder: Path) -> dict[str, str]:
    """Write every named block of a page to a file, and return the texts by name."""
    blocks = [block for block in read_blocks(page) if block.name]
    for block in blocks:
        block.write(folder)
    return {block.name: block.text for block in blocks}
