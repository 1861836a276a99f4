"""The environment of a run."""

from __future__ import annotations

import json
from datetime import datetime

from prompt_policy.bench.load import environment


def test_the_environment_is_json_and_contains_versions() -> None:
    described = json.loads(json.dumps(environment.describe_environment()))
    assert datetime.fromisoformat(described["time"]).tzinfo is not None
    assert described["packages"]["prompt-policy"]
    assert described["packages"]["math-verify"]
    assert environment._package_version("no-such-package") is None
