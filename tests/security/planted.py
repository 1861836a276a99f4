"""Secrets planted everywhere in requests and answers, and policies that change, refuse and fail.

``from tests.security.planted import made`` in a module beside LiteLLM's configuration gives the callback with these
policies, a log of our own loggers alone, and the metrics on a port.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from prompt_policy import Policy, PolicySet
from prompt_policy.kinds import Rule, Skip, Transform
from prompt_policy.kinds.base import Admits, FilterChoice
from prompt_policy.wire import Request
from tests.support import policy_of

SECRET = "hunter2"
"""Part of every planted text."""


class Failing(Rule):
    """A rule with a fault that quotes what it sees, in requests or in answers; no shipped rule has one."""

    in_answers: bool

    def transform(self) -> Transform:
        """Fail on a request."""

        def transform(request: Request, _admits: Admits) -> Skip | None:
            if not self.in_answers:
                raise KeyError(request.last_user_text, request.body)
            return None

        return transform

    def filter(self) -> FilterChoice:
        """Fail on an answer."""

        class FailingFilter:
            def feed(self, _channel: str, text: str) -> str:
                raise ValueError(f"cannot work on {text!r}")

            flush = feed

        def choose(_sent: object) -> Any:
            return FailingFilter if self.in_answers else None

        return choose


def _failing(name: str, *, in_answers: bool, on_error: str) -> Policy:
    rule = Failing(name="failing", kind="failing", in_answers=in_answers)
    policy = policy_of(name=name, applies_to={"models": [name]}, on_error=on_error)
    return policy.model_copy(update={"rules": (rule,)})


def policies() -> PolicySet:
    """Return a policy for each way in which a request can end; each is for the model of its name."""
    busy = policy_of(
        {
            "kind": "clamp",
            "parameters": {"temperature": {"max": 0.7}, "user": {"value": "u"}, "stop": {"default": "x"}},
        },
        {"kind": "reject", "message": "no", "when": {"last_user": {"contains": "refuse me"}}},
        {"kind": "clamp", "name": "bounded", "parameters": {"seed": {"max": 5}, "chat_template_kwargs.a": {"max": 1}}},
        {"kind": "fold_system"},
        {"kind": "append_suffix", "text": "Cite.", "when": {"task": "math"}},
        {"kind": "strip_reasoning"},
        {"kind": "force_opening", "text": "<think>\n"},
        {"kind": "filter_whitespace", "max_blank_lines": 0},
        {"kind": "clamp", "name": "watched", "mode": "audit", "parameters": {"user": {"drop": True}}},
        name="busy",
        applies_to={"models": ["busy"]},
    )
    return PolicySet(
        [
            busy,
            _failing("fails", in_answers=False, on_error="closed"),
            _failing("fails-open", in_answers=False, on_error="open"),
            _failing("fails-late", in_answers=True, on_error="closed"),
            _failing("fails-late-open", in_answers=True, on_error="open"),
        ]
    )


def secret(place: str) -> str:
    """Return a text with the secret in it."""
    return f"the {SECRET} of the {place}, in words"


def request(model: str, **keys: Any) -> dict[str, Any]:
    """Return a chat request with a secret in every place that has text."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": f'{{"a": "{secret("arguments")}"}}'}}
    messages = [
        {"role": "system", "content": secret("system message")},
        {"role": "user", "content": secret("question")},
        {"role": "assistant", "content": f"<think>{secret('thought')}</think>{secret('answer')}", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": secret("result")},
        {"role": "user", "content": [{"type": "text", "text": secret("last question")}]},
    ]
    metadata = {"task": secret("task"), "note": secret("note"), "tags": [secret("tag")]}
    texts = {"user": secret("user"), "stop": [secret("stop")], "metadata": metadata}
    return {"model": model, "temperature": 1.3, "messages": messages, **texts, **keys}


HEADERS = {
    "authorization": f"Bearer sk-{SECRET}",
    "x-of-the-client": f"{SECRET}",
    "x-prompt-policy-task": f"{SECRET} !",
}
PIECES = [f"\n\nThe {SECRET} ", "of the\n\n\n", "answer."]
ENDINGS: dict[str, tuple[dict[str, Any], int]] = {
    "answered": (request("busy"), 200),
    "refused by a rule": (request("busy", messages=[{"role": "user", "content": f"{SECRET}: refuse me"}]), 400),
    "refused for a text": (request("busy", seed=secret("seed")), 400),
    "refused for a scalar": (request("busy", chat_template_kwargs=secret("kwargs")), 400),
    "failed": (request("fails"), 500),
    "failed and passed": (request("fails-open"), 200),
    "failed on the answer": (request("fails-late"), 500),
    "failed on the answer and passed": (request("fails-late-open"), 200),
    "unpoliced": (request("other"), 200),
}
"""Each way in which a request can end: what is sent, and the status of its whole answer."""


def made() -> Any:
    """Return the callback for a LiteLLM proxy, which keeps our own log and metrics in the folder that it runs in."""
    import prometheus_client

    from prompt_policy.litellm.binding import Binding
    from prompt_policy.litellm.host import PolicyCallback
    from prompt_policy.runtime.store import Fixed

    log = logging.getLogger("prompt_policy")
    log.setLevel(logging.DEBUG)
    log.addHandler(logging.FileHandler("ours.log"))
    server, _thread = prometheus_client.start_http_server(0, "127.0.0.1")
    Path("metrics.port").write_text(str(server.server_port))
    return PolicyCallback(Fixed(Binding(policies())))
