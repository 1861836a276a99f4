"""What a run was made with."""

from __future__ import annotations

import json
from datetime import datetime

from prompt_policy.bench import environment


def test_it_is_json_and_names_versions() -> None:
    told = json.loads(json.dumps(environment.environment()))
    assert datetime.fromisoformat(told["time"]).tzinfo is not None
    assert told["packages"]["prompt-policy"]
    assert told["packages"]["math-verify"]
    assert environment._version("no-such-package") is None
