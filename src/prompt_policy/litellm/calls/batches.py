"""Requests for several models at once, ``"model": "m,n"``, for which LiteLLM makes one call for each model.

All calls share the request's logging object, so each gets a state of its own. An answer belongs to the deployment that
LiteLLM names in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.errors import RejectedRequestError
from prompt_policy.litellm.state import Branch, RequestState
from prompt_policy.litellm.streams import rewrite_litellm_answer
from prompt_policy.wire import Endpoint, JsonObject

_SEPARATOR: Final = ","


def split_models(model: Any, endpoint: Endpoint) -> tuple[Any, ...]:
    """Return the aliases of a request's ``model``; more than one for a batch, which only chat has."""
    if endpoint != "chat" or not isinstance(model, str) or _SEPARATOR not in model:
        return (model,)
    return tuple(alias.strip() for alias in model.split(_SEPARATOR))


def begin_branch(state: RequestState, call: DeploymentCall) -> RequestState:
    """Return the state of one of a batch's calls. A retry runs in the same task as the first attempt."""
    branches, task = _get_branches(state), asyncio.current_task()
    found = branches.get(task)
    branch = found.state if found else RequestState(state.resolver)
    branch.reset()
    branches[task] = Branch(branch, call.model_info.get("id"), call.kwargs.get("messages"))
    return branch


def find_branch(state: RequestState, response: Any, messages: Any = None) -> RequestState | None:
    """Return the state of the call that an answer belongs to, or None if its deployment is unknown."""
    hidden = getattr(response, "_hidden_params", None)
    deployment = hidden.get("model_id") if isinstance(hidden, dict) else None
    matching = [branch for branch in _get_branches(state).values() if branch.deployment == deployment]
    if messages is not None:
        matching = [branch for branch in matching if branch.messages == messages]
    return matching[-1].state if matching else None


def rewrite_batch(answers: list[Any], state: RequestState, data: JsonObject) -> list[Any]:
    """Return the answers of a batch, each with its texts filtered by the policy of its call.

    Raise RejectedRequestError if all calls were refused. If only some were, their places hold error bodies.
    """
    refusals = [answer for answer in _flatten(answers) if isinstance(answer, RejectedRequestError)]
    if refusals and len(refusals) == len(list(_flatten(answers))):
        raise refusals[0]
    conversations = data.get("messages")
    return [
        [_rewrite_one(each, state, messages) for each in answer]
        if isinstance(answer, list)
        else _rewrite_one(answer, state)
        for answer, messages in _pair(answers, conversations)
    ]


def list_headers(state: RequestState) -> dict[str, str]:
    """Return the policy headers of a request; for a batch, the different values of its calls."""
    states = [state] if state.branches is None else [branch.state for branch in state.branches.values()]
    values: dict[str, dict[str, None]] = {}
    for each in states:
        for name, value in (each.reported.decision.headers() if each.reported else {}).items():
            values.setdefault(name, {})[value] = None
    return {name: ", ".join(different) for name, different in values.items()}


def _get_branches(state: RequestState) -> dict[Any, Branch]:
    return {} if state.branches is None else state.branches


def _rewrite_one(answer: Any, state: RequestState, messages: Any = None) -> Any:
    if isinstance(answer, RejectedRequestError):
        return {"error": answer.error_body}
    branch = find_branch(state, answer, messages)
    texts = branch.applied.create_filters() if branch and branch.applied else None
    return answer if texts is None else rewrite_litellm_answer(answer, texts)


def _pair(answers: list[Any], conversations: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each answer, or list of answers, with the conversation that it belongs to."""
    for index, answer in enumerate(answers):
        is_known = isinstance(conversations, list) and index < len(conversations)
        yield answer, conversations[index] if is_known else None


def _flatten(answers: list[Any]) -> Iterator[Any]:
    for answer in answers:
        yield from answer if isinstance(answer, list) else [answer]
