"""Describe the environment of a run, for its record."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prompt_policy.wire.values import JsonObject

_PACKAGES: Final = ("prompt-policy", "aiohttp", "numpy", "scipy", "math-verify", "latex2sympy2-extended")


def describe_environment() -> JsonObject:
    """Return the time, the measuring machine, and the versions of the packages that matter."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "packages": {name: _package_version(name) for name in _PACKAGES},
    }


def _package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
