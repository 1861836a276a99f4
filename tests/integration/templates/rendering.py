"""Render a request with a maker's chat template, or with one of our own, by transformers' own renderer."""

from __future__ import annotations

from typing import Any

from prompt_policy import load_paths
from prompt_policy.probe.checkpoint_template import CheckpointTemplate
from prompt_policy.probe.client import RequestRejected, select_prompt_fields
from prompt_policy.runtime import Pipeline
from tests.support.chat_templates import TEMPLATES, VLLM_TEMPLATES
from tests.support.maker_templates import REFUSED, render_maker_template

SHIPPED = load_paths([])


def render_prompt(template: str, body: dict[str, Any]) -> str:
    """Return the prompt of a chat request, or the template's error after ``refused:``."""
    own = next(
        (file for folder in (TEMPLATES, VLLM_TEMPLATES) if (file := folder / f"{template}.jinja").exists()), None
    )
    if own is None:
        return render_maker_template(template, body)
    try:
        return CheckpointTemplate(own.read_text(), {"bos_token": "<s>"}).render_prompt(select_prompt_fields(body))
    except RequestRejected as refused:
        return f"{REFUSED}{refused}"


def apply_shipped_policy(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a chat request, rewritten by the shipped policy of its model."""
    selected = SHIPPED.select(body["model"])
    assert selected, body["model"]
    applied = Pipeline(selected.policy).apply(body, "chat")
    assert applied.refusal is None
    return applied.body
