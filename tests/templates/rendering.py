"""Small templates that behave as the models' do, rendered by transformers' own renderer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

from prompt_policy import load_paths
from prompt_policy.runtime import Pipeline

HERE = Path(__file__).parent
FOLDERS = (HERE, HERE.parent / "vllm" / "templates")
SHIPPED = load_paths([])


def prompt(template: str, body: dict[str, Any]) -> str:
    """Return the prompt for a chat request's body, or what the template says as it refuses it."""
    [file] = [file for folder in FOLDERS if (file := folder / f"{template}.jinja").exists()]
    try:
        texts, _ = render_jinja_template(
            conversations=[body["messages"]],
            chat_template=file.read_text(),
            add_generation_prompt=body.get("add_generation_prompt", True),
            continue_final_message=body.get("continue_final_message", False),
            bos_token="<s>",
            **body.get("chat_template_kwargs", {}),
        )
    except TemplateError as error:
        return f"refused: {error}"
    except ValueError as error:
        return f"refused: {str(error).partition('!')[0]}"
    return str(texts[0])


def policed(body: dict[str, Any]) -> dict[str, Any]:
    """Return a chat request's body after the shipped policy for its model."""
    selected = SHIPPED.select(body["model"])
    assert selected, body["model"]
    applied = Pipeline(selected.policy).apply(body, "chat")
    assert applied.refusal is None
    return applied.body
