"""What a policy does to one request and its answer, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prompt_policy.decision import changes_of
from prompt_policy.errors import UsageError
from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import problem_at
from prompt_policy.policy.select import PolicySet
from prompt_policy.probe.server import Refused, Server, prompt_of
from prompt_policy.runtime import Applied
from prompt_policy.runtime.replies import AnswerStream, whole_reply
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.json_bytes import decoded

_FIRST_OF_STREAMS: Final = (b"data:", b"event:", b":")


def chosen(policies: PolicySet, model: str) -> Policy:
    """Return the only policy, or the one for a model. Raise UsageError where none of several is for it."""
    if len(policies.policies) == 1:
        return policies.policies[0]
    selected = policies.select(model)
    if selected is None:
        count = len(policies.policies)
        raise UsageError(f"none of the {count} policies is for model '{model}': name one, or give --model")
    return selected.policy


def rules_of(applied: Applied, file: Path | None) -> Iterator[JsonObject]:
    """Yield what became of each rule, with its place in the file that it stands in."""
    for outcome in applied.decision.outcomes:
        place = problem_at(file, outcome.rule, "") if file else None
        yield {
            "rule": outcome.rule, "kind": outcome.kind, "result": outcome.result,
            "mode": "audit" if outcome.audited else "enforce",
            "file": place.file if place else None, "line": place.line if place else None,
            "reason": outcome.reason, "changed": changes_of(outcome), "filters_answer": outcome.filters_answer,
        }  # fmt: skip


def answers(applied: Applied, endpoint: Endpoint, data: bytes) -> tuple[str, str]:
    """Return an answer as it came and as the client reads it: a stream's events, a JSON body, or plain content."""
    texts = applied.answer()
    came = data.decode(errors="replace")
    if data.lstrip().startswith(_FIRST_OF_STREAMS):
        stream = AnswerStream(texts, endpoint)
        return came, (stream.feed(data) + stream.end()).decode(errors="replace")
    if texts is None:
        return came, came
    if isinstance(decoded(data), dict):
        return came, whole_reply(data, texts, endpoint).body.decode(errors="replace")
    return came, texts.feed(0, "content", came) + texts.flush(0).get("content", "")


def prompts(url: str, came: JsonObject, applied: Applied) -> dict[str, str]:
    """Ask a vLLM for the prompts of a chat request as the model sees them, before and after. Raise UsageError."""
    if applied.decision.endpoint != "chat":
        raise UsageError("--render: only chat requests are rendered by a server's template")
    server = Server(url.rstrip("/").removesuffix("/v1"), str(came.get("model") or ""))
    return {name: _prompt(server, body) for name, body in (("before", came), ("after", applied.body))}


def _prompt(server: Server, body: JsonObject) -> str:
    try:
        prompt = server.prompt(prompt_of(body))
    except Refused as refused:
        return f"(the server refuses it: {refused})"
    if prompt is None:
        raise UsageError(f"{server.root} has no /tokenize: --render needs a vLLM")
    return prompt
