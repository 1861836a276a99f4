"""Requests that users reported, and what the server must receive; and relatives of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import yaml

from prompt_policy.wire.requests.turn import extract_text
from tests.integration.templates.rendering import render_prompt

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class SentCase:
    """A request to a model, and the body that the server must receive.

    ``sends`` has the keys to compare and their values, null for a key that must be absent. The keys in
    ``sends_through_litellm`` replace them where LiteLLM itself changes the request, for example from Messages to chat,
    and those in ``sends_in_client`` replace them in clients, which do not know the provider. Where LiteLLM words the
    messages itself, ``litellm_turns`` has the role of each turn and texts in it, and ``messages`` is not compared. The
    chat template ``template`` must accept a chat. ``litellm_provider`` is the prefix of the deployment's model.
    """

    name: str
    model: str
    request: dict[str, Any]
    sends: dict[str, Any]
    endpoint: str = "chat"
    template: str = ""
    litellm_provider: str = "hosted_vllm"
    sends_through_litellm: dict[str, Any] = field(default_factory=dict)
    sends_in_client: dict[str, Any] = field(default_factory=dict)
    litellm_turns: list[list[str]] | None = None

    def build_body(self, *, stream: bool) -> dict[str, Any]:
        """Return the client's request."""
        limit = {"max_tokens": 9} if self.endpoint == "messages" else {}
        return {"model": self.model, **limit, **self.request, **({"stream": True} if stream else {})}

    def expect(self, host: str) -> dict[str, Any]:
        """Return the keys of the body that the server must receive from a host."""
        replaced = {"litellm": self.sends_through_litellm, "client": self.sends_in_client}.get(host, {})
        expected = self.sends | replaced
        return {key: expected[key] for key in expected if not (key == "messages" and self._words_messages(host))}

    def expect_turns(self, host: str) -> list[tuple[str, list[str]]] | None:
        """Return the role of each turn, and texts in it, where LiteLLM words the messages itself."""
        turns = (self.litellm_turns or []) if self._words_messages(host) else None
        return None if turns is None else [(role, texts) for role, *texts in turns]

    def _words_messages(self, host: str) -> bool:
        return host == "litellm" and self.litellm_turns is not None

    def render(self, body: dict[str, Any]) -> str:
        """Return the prompt of the body that the server received, if the model's template renders it."""
        is_chat = self.template and "messages" in body and "system" not in body
        return render_prompt(self.template, body) if is_chat else ""


def read_body(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body without null values in its messages, which some hosts leave out."""
    if not isinstance(messages := body.get("messages"), list):
        return body
    return {**body, "messages": [{key: item[key] for key in item if item[key] is not None} for item in messages]}


def read_turns(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the role and text of each turn; successive messages of one role are one turn."""
    groups = groupby(messages, key=lambda message: message["role"])
    return [(role, "\n".join(extract_text(message.get("content")) for message in group)) for role, group in groups]


def load_sent_cases() -> list[SentCase]:
    """Return the cases of all files."""
    files = sorted((HERE / "sent").glob("*.yaml"))
    return [SentCase(**values) for file in files for values in yaml.safe_load(file.read_text())]
