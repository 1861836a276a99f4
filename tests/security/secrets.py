"""Secrets planted everywhere in requests and answers, and policies that rewrite, reject and fail.

A module beside LiteLLM's configuration calls ``create_callback``, which also writes this package's log to a file and
serves the metrics on a port.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from prompt_policy import Policy, PolicySet
from prompt_policy.kinds import Rule, Skip, Transform
from prompt_policy.kinds.base import Filter, FilterSelector, TurnPredicate
from prompt_policy.wire import Request
from tests.support.policies import policy_of

SECRET = "hunter2"
"""Part of every planted text."""


class FailingRule(Rule):
    """A rule whose error quotes the request or the answer; no shipped rule has such a defect."""

    in_answers: bool

    def transform(self) -> Transform:
        """Fail on a request."""

        def transform(request: Request, _applies_to: TurnPredicate) -> Skip | None:
            if not self.in_answers:
                raise KeyError(request.last_user_text, request.body)
            return None

        return transform

    def filter(self) -> FilterSelector:
        """Fail on an answer."""

        class FailingFilter(Filter):
            def feed(self, _channel: str, text: str) -> str:
                raise ValueError(f"cannot work on {text!r}")

        def choose(_sent: object) -> Any:
            return FailingFilter if self.in_answers else None

        return choose


def _build_failing_policy(name: str, *, in_answers: bool, on_error: str) -> Policy:
    rule = FailingRule(name="failing", kind="failing", in_answers=in_answers)
    policy = policy_of(name=name, applies_to={"models": [name]}, on_error=on_error)
    return policy.model_copy(update={"rules": (rule,)})


def build_policies() -> PolicySet:
    """Return a policy for each outcome of a request; each applies to the model of the same name."""
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
            _build_failing_policy("fails", in_answers=False, on_error="closed"),
            _build_failing_policy("fails-open", in_answers=False, on_error="open"),
            _build_failing_policy("fails-late", in_answers=True, on_error="closed"),
            _build_failing_policy("fails-late-open", in_answers=True, on_error="open"),
        ]
    )


def write_secret(place: str) -> str:
    """Return a text that contains the secret."""
    return f"the {SECRET} of the {place}, in words"


def build_request(model: str, **keys: Any) -> dict[str, Any]:
    """Return a chat request with a secret in every text."""
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": f'{{"a": "{write_secret("arguments")}"}}'},
    }
    messages = [
        {"role": "system", "content": write_secret("system message")},
        {"role": "user", "content": write_secret("question")},
        {
            "role": "assistant",
            "content": f"<think>{write_secret('reasoning')}</think>{write_secret('answer')}",
            "tool_calls": [call],
        },
        {"role": "tool", "tool_call_id": "c", "content": write_secret("result")},
        {"role": "user", "content": [{"type": "text", "text": write_secret("last question")}]},
    ]
    metadata = {"task": write_secret("task"), "note": write_secret("note"), "tags": [write_secret("tag")]}
    texts = {"user": write_secret("user"), "stop": [write_secret("stop")], "metadata": metadata}
    return {"model": model, "temperature": 1.3, "messages": messages, **texts, **keys}


HEADERS = {
    "authorization": f"Bearer sk-{SECRET}",
    "x-of-the-client": f"{SECRET}",
    "x-prompt-policy-task": f"{SECRET} !",
}
PIECES = [f"\n\nThe {SECRET} ", "of the\n\n\n", "answer."]
OUTCOMES: dict[str, tuple[dict[str, Any], int]] = {
    "answered": (build_request("busy"), 200),
    "rejected by a rule": (build_request("busy", messages=[{"role": "user", "content": f"{SECRET}: refuse me"}]), 400),
    "rejected for a text": (build_request("busy", seed=write_secret("seed")), 400),
    "rejected for a scalar": (build_request("busy", chat_template_kwargs=write_secret("kwargs")), 400),
    "failed": (build_request("fails"), 500),
    "failed open": (build_request("fails-open"), 200),
    "failed on the answer": (build_request("fails-late"), 500),
    "failed open on the answer": (build_request("fails-late-open"), 200),
    "without a policy": (build_request("other"), 200),
}
"""Each outcome of a request: the request, and the status of a response that is not streamed."""


def create_callback() -> Any:
    """Return the callback for a LiteLLM proxy; the log and the metrics' port are written to the working directory."""
    import prometheus_client

    from prompt_policy.litellm.deployments.resolver import DeploymentResolver
    from prompt_policy.litellm.hooks import PolicyCallback
    from prompt_policy.runtime.hot_reload import StaticPolicies

    log = logging.getLogger("prompt_policy")
    log.setLevel(logging.DEBUG)
    log.addHandler(logging.FileHandler("ours.log"))
    server, _thread = prometheus_client.start_http_server(0, "127.0.0.1")
    Path("metrics.port").write_text(str(server.server_port))
    return PolicyCallback(StaticPolicies(DeploymentResolver(build_policies())))
