"""A question, and a check that a framework's request and answer were rewritten by the shipped policy."""

from __future__ import annotations

import json

from pydantic import BaseModel

QUESTION = "Solve x^2 - 5x + 6 = 0."


class Name(BaseModel):
    """A structured answer."""

    name: str


def check_rewritten(content: str) -> None:
    """Check an echoed request, and the answer around it, against the policy of DeepSeek-R1's distilled models."""
    received = json.loads(content.split("```json\n")[1].split("\n```", maxsplit=1)[0])
    assert received["temperature"] == 0.6
    assert received["messages"][0]["content"].startswith(f"Be brief.\n\n{QUESTION}\nPlease reason step by step")
    assert received["messages"][1] == {"role": "assistant", "content": "<think>\n"}
    assert content.startswith("<think>\n")
    assert content.endswith("End of echo.")
