"""Short ways to build policies and run them, for tests."""

from __future__ import annotations

from typing import Any

from prompt_policy import Applied, Facts, Pipeline, Policy
from prompt_policy.wire import Endpoint
from prompt_policy.wire.answer import Channel

CONTENT: Channel = "content"
MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"


def policy_of(*rules: dict[str, Any], **keys: Any) -> Policy:
    """Return a policy with these rules; a rule without a name gets its kind's."""
    named = [{"name": rule["kind"].replace("_", "-"), **rule} for rule in rules]
    return Policy.model_validate({"version": 1, "name": "test", "rules": named, **keys})


def apply(
    rule: dict[str, Any], body: dict[str, Any], endpoint: Endpoint = "chat", facts: Facts | None = None
) -> Applied:
    """Apply one rule to a body."""
    return Pipeline(policy_of(rule)).apply(body, endpoint, facts)


def chat(*messages: Any, **keys: Any) -> dict[str, Any]:
    """Return a chat body; a text is a user's message, a pair is a role with its content."""
    listed = [_message(message) for message in messages]
    return {"model": MODEL, "messages": listed, **keys}


def _message(message: Any) -> Any:
    if isinstance(message, str):
        return {"role": "user", "content": message}
    if isinstance(message, tuple):
        return {"role": message[0], "content": message[1]}
    return message


def reason(applied: Applied) -> str | None:
    """Return why the first rule did not act."""
    return applied.decision.outcomes[0].reason


def read(applied: Applied, *pieces: str | tuple[Channel, str]) -> dict[Channel, str]:
    """Send an answer's pieces through the filters and return what a client reads, by channel."""
    texts = applied.answer()
    out: dict[Channel, str] = {"content": "", "reasoning": ""}
    for piece in pieces:
        channel, text = (CONTENT, piece) if isinstance(piece, str) else piece
        out[channel] += text if texts is None else texts.feed(0, channel, text)
    for channel, text in (texts.flush(0) if texts else {}).items():
        out[channel] += text
    return out


def content(applied: Applied, *pieces: str | tuple[Channel, str]) -> str:
    """Return the content that a client reads."""
    return read(applied, *pieces)["content"]
