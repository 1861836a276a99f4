"""Run the command line as a user does, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).parent / "prompt-policy"


def run(*arguments: str, stdin: str = "", folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``prompt-policy`` in a folder to its end, and return its status and output."""
    return subprocess.run(
        [str(COMMAND), *arguments], input=stdin, capture_output=True, text=True, check=False, cwd=folder, timeout=60
    )
