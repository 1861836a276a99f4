"""``prompt-policy schema``."""

from __future__ import annotations

import json

from prompt_policy.policy.schema import schema
from tests.cli.run import run


def test_it_prints_the_schema() -> None:
    assert json.loads(run("schema").stdout) == schema()
