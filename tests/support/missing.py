"""What a test does if the machine lacks what it needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def fail_in_ci(reason: str) -> NoReturn:
    """End the test: it fails in CI, where everything must be there, and is skipped elsewhere."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
