"""``prompt-policy schema``."""

from __future__ import annotations

import json

from prompt_policy.policy.schema import build_schema
from tests.support.cli import run


def test_the_schema_is_printed() -> None:
    assert json.loads(run("schema").stdout) == build_schema()
