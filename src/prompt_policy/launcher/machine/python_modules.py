"""The modules that another interpreter can import."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Mapping
from typing import Final

_TIMEOUT_S: Final = 10
_SCRIPT: Final = """
import importlib.util, sys
print("\\n".join(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None))
"""


def find_missing_modules(python: str, names: Collection[str], environment: Mapping[str, str]) -> frozenset[str]:
    """Return the top-level modules that an interpreter does not find; empty if the interpreter cannot answer.

    Nothing is imported. The current folder counts as a place for modules, as with ``python -m``.
    """
    command = [python, "-c", _SCRIPT, *names]
    try:
        result = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(result.stdout.split())
