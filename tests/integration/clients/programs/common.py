"""What the programs share: they read their cases from the command line and print one line of JSON for each.

A program runs in an environment of its own, with one client and nothing of this project but this module.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

Event = dict[str, Any]
TOOL = "get_weather"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
DESCRIPTION = "Return the weather in a city."


def run_cases(run_case: Callable[[dict[str, Any], dict[str, Any]], Iterable[Event]]) -> None:
    """Run each case with the settings; print the events of the client, or the error that it raised."""
    settings = json.loads(sys.argv[1])
    for case in settings["cases"]:
        events: list[Event] = []
        try:
            events.extend(run_case(settings, case))
        except Exception as error:  # noqa: BLE001 # reported by the test
            events.append({"type": "error", "name": type(error).__name__, "trace": traceback.format_exc()})
        sys.stdout.write(json.dumps({"case": case["id"], "events": events}) + "\n")


def dump(value: Any) -> Any:
    """Return a pydantic model as JSON values."""
    return value.model_dump(mode="json", exclude_none=True, warnings=False)
