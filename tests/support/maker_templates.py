"""The chat templates of models as their makers publish them, rendered as an engine renders them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from prompt_policy.probe.checkpoint_template import CheckpointTemplate
from prompt_policy.probe.client import RequestRejected, select_prompt_fields
from tests.support.missing import fail_in_ci
from tests.support.template_archive import TemplatesUnavailable, ensure_templates

REFUSED: Final = "refused: "
# Special tokens of no model.
TOKENS: Final[Mapping[str, Any]] = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "", "unk_token": ""}
# llama.cpp, which always sets enable_thinking, added this switch to templates whose makers have none.
ADDED_SWITCH: Final = frozenset({"Qwen-QwQ-32B", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"})
REASONING: Final = ("reasoning", "reasoning_content", "thinking")
_PART_LOOP: Final = re.compile(r"""\bfor\s+\w+\s+in\s+(?:\w+(?:\.content|\[['"]content['"]\])|content)\b""")


def render_maker_template(name: str, body: Mapping[str, Any]) -> str:
    """Return the prompt of a chat request, or the template's own message after ``refused:``.

    Arguments:
        name: the template's file without its suffix, such as ``Qwen3.5-4B``.
        body: a request of ``/v1/chat/completions``, as a client or a proxy sends it.

    The test is skipped if the templates cannot be fetched. In CI it fails.
    """
    template = load_maker_template(name)
    parts = bool(_PART_LOOP.search(template.source))
    messages = [prepare_message(message, parts) for message in body["messages"]]
    try:
        return template.render_prompt({**select_prompt_fields(dict(body)), "messages": messages})
    except RequestRejected as refused:
        return f"{REFUSED}{refused}"


def load_maker_template(name: str) -> CheckpointTemplate:
    """Return a maker's template, with special tokens of no model."""
    switches = {"enable_thinking": True} if name in ADDED_SWITCH else {}
    return CheckpointTemplate(read_maker_template(name), {**TOKENS, **switches})


@cache
def read_maker_template(name: str) -> str:
    """Return the text of a maker's template."""
    return (find_maker_templates() / f"{name}.jinja").read_text(encoding="utf-8")


def find_maker_templates() -> Path:
    """Return the folder of the makers' templates; skip the test if it cannot be fetched, or fail it in CI."""
    try:
        return ensure_templates()
    except TemplatesUnavailable as error:
        fail_in_ci(str(error))


def prepare_message(message: Mapping[str, Any], parts: bool) -> dict[str, Any]:
    """Return a message as vLLM, with the newest transformers, hands it to a template.

    Arguments of tool calls become objects, reasoning is there under each of its names, and text parts are joined by a
    newline unless the template reads them. vLLM 0.32 also turns the developer role into system for a template that does
    not name it; earlier releases and SGLang do not, so that step is left out.
    """
    prepared = {name: value for name, value in message.items() if name not in REASONING}
    if reasoning := next((message[name] for name in REASONING if message.get(name)), None):
        prepared |= dict.fromkeys(REASONING, reasoning)
    if isinstance(content := message.get("content"), list) and not parts:
        prepared["content"] = "\n".join(part["text"] for part in content if part.get("type") == "text")
    elif content is None:
        prepared["content"] = ""
    if "tool_calls" in message:
        prepared["tool_calls"] = _parse_arguments(message["tool_calls"] or [])
    return {name: value for name, value in prepared.items() if (name, value) != ("tool_calls", [])}


def _parse_arguments(calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**call, "function": _parse_function(call["function"])} for call in calls]


def _parse_function(function: Mapping[str, Any]) -> dict[str, Any]:
    arguments = function.get("arguments") or "{}"
    return {**function, "arguments": json.loads(arguments) if isinstance(arguments, str) else arguments}
