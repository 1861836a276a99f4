"""The modules that another interpreter can import, and the plugins that its packages declare."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Mapping
from typing import Final

_TIMEOUT_S: Final = 10
_SCRIPT: Final = """
import importlib.util, sys
print("\\n".join(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None))
"""
_ENTRY_POINTS_SCRIPT: Final = """
import importlib.metadata, sys
print("\\n".join(found.name for found in importlib.metadata.entry_points(group=sys.argv[1])))
"""


def find_missing_modules(python: str, names: Collection[str], environment: Mapping[str, str]) -> frozenset[str]:
    """Return the top-level modules that an interpreter does not find; empty if the interpreter cannot answer.

    Nothing is imported. The current folder counts as a place for modules, as with ``python -m``.
    """
    lines = _run_script(python, _SCRIPT, names, environment)
    return frozenset(lines or ())


def find_entry_points(python: str, group: str, environment: Mapping[str, str]) -> frozenset[str] | None:
    """Return the names of a group of entry points; None if the interpreter cannot answer."""
    lines = _run_script(python, _ENTRY_POINTS_SCRIPT, [group], environment)
    return None if lines is None else frozenset(lines)


def _run_script(
    python: str, script: str, arguments: Collection[str], environment: Mapping[str, str]
) -> list[str] | None:
    command = [python, "-c", script, *arguments]
    try:
        result = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.split()
