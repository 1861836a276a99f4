"""Small templates that behave as the models' do, rendered by transformers' own renderer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prompt_policy import load_paths
from prompt_policy.probe.local_template import LocalTemplate
from prompt_policy.probe.server import Refused, prompt_of
from prompt_policy.runtime import Pipeline

HERE = Path(__file__).parent
FOLDERS = (HERE, HERE.parent / "vllm" / "templates")
SHIPPED = load_paths([])


def prompt(template: str, body: dict[str, Any]) -> str:
    """Return the prompt for a chat request's body, or what the template says as it refuses it."""
    [file] = [file for folder in FOLDERS if (file := folder / f"{template}.jinja").exists()]
    try:
        return LocalTemplate(file.read_text(), {"bos_token": "<s>"}).prompt(prompt_of(body))
    except Refused as refused:
        return f"refused: {refused}"


def policed(body: dict[str, Any]) -> dict[str, Any]:
    """Return a chat request's body after the shipped policy for its model."""
    selected = SHIPPED.select(body["model"])
    assert selected, body["model"]
    applied = Pipeline(selected.policy).apply(body, "chat")
    assert applied.refusal is None
    return applied.body
