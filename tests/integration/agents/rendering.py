"""Render what an agent's request became with the chat template of the model's maker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.integration.agents.conversation import SentRequest
from tests.support.chat_conversion import convert_to_chat
from tests.support.maker_templates import render_maker_template

TEMPLATES: Final = {
    "qwen3.8": "Qwen3.5-4B",
    "glm-5": "GLM-4.7-Flash",
    "gpt-oss": "openai-gpt-oss-120b",
    "gemma-3": "google-gemma-2-2b-it",
    "deepseek-r1": "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
}
"""The makers' templates by policy; those of a neighbouring model where the maker's own is not published as text."""
WITHOUT_TOOLS: Final = frozenset({"gemma-3"})
"""The policies of models whose template knows no tools, so that engines render a result as a user turn."""
SHOWS_REASONING: Final = frozenset({"qwen3.8", "glm-5", "gpt-oss"})
"""The policies of models whose template renders the reasoning of a running tool loop."""


def list_texts(request: SentRequest) -> list[str]:
    """Return the texts that the agent sent: instructions, prompts and notes, but neither answers nor results."""
    messages = convert_to_chat(request.endpoint, request.body)["messages"]
    contents = [message["content"] for message in messages if message["role"] in ("system", "developer", "user")]
    return [text for content in contents for text in _list_parts(content)]


def _list_parts(content: Any) -> list[str]:
    return [content] if isinstance(content, str) else [part["text"] for part in content]


def squash(text: str) -> str:
    """Return a text without whitespace, which templates trim."""
    return "".join(text.split())


def render_request(policy: str, request: SentRequest) -> str:
    """Return the prompt of a request, or the template's own message after ``refused:``."""
    body = convert_to_chat(request.endpoint, request.body)
    if policy in WITHOUT_TOOLS:
        messages = [{"role": _rename_role(message), "content": message.get("content")} for message in body["messages"]]
        body = {**body, "messages": messages, "tools": []}
    return render_maker_template(TEMPLATES[policy], body)


def _rename_role(message: Mapping[str, Any]) -> str:
    return "user" if message["role"] == "tool" else str(message["role"])
