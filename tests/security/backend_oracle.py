"""Judges what reached a backend by the policy ``strict`` of the guarded proxy, without any code of the package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.security.guarded_proxy import EVIL
from tests.security.random_bodies import Draw

_LIMITS: Final = {
    "/v1/chat/completions": ("max_tokens", "max_completion_tokens"),
    "/v1/completions": ("max_tokens",),
    "/v1/responses": ("max_output_tokens",),
    "/openai/deployments/strict/chat/completions": ("max_tokens", "max_completion_tokens"),
}
"""The parameters that limit the tokens on each path of the backend."""
_SENT_TO: Final = {"/v1/messages": "/v1/chat/completions"}
_FALLBACKS: Final = frozenset({"fallbacks", "context_window_fallbacks", "content_policy_fallbacks"})


def find_violations(draw: Draw, path: str, body: dict[str, Any], *, needs_prefill: bool) -> Iterator[str]:
    """Yield what in a backend's request contradicts the policy of its model."""
    model = body.get("model")
    if draw.alias == "unknown" or model != "strict":
        # Without a policy, `custom_llm_provider` stays, and LiteLLM then keeps the deployment's own prefix.
        if model not in (draw.alias, f"hosted_vllm/{draw.alias}") and not _FALLBACKS & draw.names:
            yield f"another model: {model!r} at {path}"
        return
    if _strip_azure(path) != _SENT_TO.get(draw.path, draw.path):
        yield f"another endpoint: {path}"
    if body.get("temperature") != 0.6:
        yield f"temperature {body.get('temperature')!r}"
    limits = [body[name] for name in _LIMITS[path] if body.get(name) is not None]
    if not limits or max(limits) > 20:
        yield f"token limits {limits!r}"
    if path == "/v1/responses" and body.get("instructions") and isinstance(body["instructions"], str):
        yield "instructions"  # servers reject other types
    if draw.path != "/v1/completions":
        yield from _find_text_violations(body, needs_prefill=needs_prefill)


def _find_text_violations(body: dict[str, Any], *, needs_prefill: bool) -> Iterator[str]:
    turns = body.get("messages") or body.get("input") or []
    turns = [turn for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    if any(turn.get("role") in ("system", "developer") for turn in turns):
        yield "a system text"
    if EVIL in json.dumps(turns):
        yield "a rejected text"
    is_prefilled = bool(turns) and turns[-1].get("role") == "assistant"
    if needs_prefill and not is_prefilled:
        yield "no prefill"
    if body.get("continue_final_message") is True and not is_prefilled:
        yield "a prefill that is not the last message"


def _strip_azure(path: str) -> str:
    return path.replace("/openai/deployments/strict/", "/v1/")
