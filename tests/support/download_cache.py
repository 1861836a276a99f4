"""The folder with what the tests download and install: outside the checkout, so that every checkout uses it."""

from __future__ import annotations

import os
from pathlib import Path


def find_cache() -> Path:
    """Return the folder, which may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "prompt-policy-tests")
