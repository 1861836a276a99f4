"""Applies a policy to a Messages request that LiteLLM sends as it is: only Anthropic's parameters arrive.

LiteLLM drops all others without an error, and does not read ``extra_body``.
"""

from __future__ import annotations

from functools import cache
from typing import Final, get_type_hints

from prompt_policy.conditions.context import RequestContext
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.runtime import AppliedPolicy, Pipeline
from prompt_policy.runtime.decision import RuleOutcome
from prompt_policy.wire import MISSING, JsonObject

_REASON: Final = "LiteLLM sends no parameters but Anthropic's to this endpoint"


def apply_to_native_messages(pipeline: Pipeline, call: DeploymentCall, context: RequestContext) -> AppliedPolicy:
    """Return the result of a policy without the parameters that would not reach the server."""
    body = call.kwargs
    applied = pipeline.apply(body, "messages", context)
    unsent = {name for name, value in applied.body.items() if _is_unsent(name, value, body)}
    if not unsent:
        return applied
    kept: JsonObject = {name: value for name, value in applied.body.items() if name not in unsent}
    kept |= {name: body[name] for name in unsent & body.keys()}
    outcomes = [_remove_changes(outcome, unsent) for outcome in applied.decision.outcomes]
    applied.decision.outcomes[:] = outcomes
    return applied._replace(body=kept)


def _is_unsent(name: str, value: object, body: JsonObject) -> bool:
    return value is not body.get(name, MISSING) and name not in _load_sent_parameters()


def _remove_changes(outcome: RuleOutcome, unsent: set[str]) -> RuleOutcome:
    """Return the outcome of a rule without its changes of some parameters; skipped if nothing is left of it."""
    kept = tuple(change for change in outcome.changes if change.path.split(".")[0] not in unsent)
    if len(kept) == len(outcome.changes):
        return outcome
    return outcome._replace(changes=kept, reason=_REASON, result=outcome.result if kept else "skipped")


@cache
def _load_sent_parameters() -> frozenset[str]:
    from litellm.types.llms.anthropic import AnthropicMessagesRequestOptionalParams

    return frozenset(get_type_hints(AnthropicMessagesRequestOptionalParams)) | {"model", "messages"}
