"""Reads the binding of a deployment: the name of its policy, or its exemption from all policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from prompt_policy.errors import UsageError
from prompt_policy.litellm.call import check_stated_backend
from prompt_policy.runtime.decision import NO_POLICY
from prompt_policy.wire import MISSING, JsonObject

POLICY_KEY: Final = "prompt_policy"
"""Key in a deployment's ``model_info``: the name of its policy; ``none`` or false: no policy applies."""

_DESCRIPTIONS: Final[Mapping[type, str]] = {
    bool: "true",
    type(None): "null",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
    str: "an empty text",
}


class Binding(NamedTuple):
    """The binding of a deployment. If it is neither exempt nor bound, its policy is selected by the model's name.

    Attributes:
        policy: the name of the policy to which the deployment is bound; None: not bound.
        is_exempt: whether no policy applies to the deployment.
    """

    policy: str | None = None
    is_exempt: bool = False


_UNBOUND: Final = Binding()
_EXEMPT: Final = Binding(is_exempt=True)


def read_binding(model_info: JsonObject) -> Binding:
    """Return the binding in a deployment's ``model_info``. Raise UsageError if it is neither a name nor false.

    Null is an error, too: LiteLLM removes such a key, so that null cannot exempt a deployment.
    """
    value = model_info.get(POLICY_KEY, MISSING)
    if value is MISSING:
        return _UNBOUND
    if value is False or value == NO_POLICY:
        return _EXEMPT
    if isinstance(value, str) and value.strip():
        return Binding(value)
    found = _DESCRIPTIONS.get(type(value), "of an unknown type")
    raise UsageError(
        f"model_info.{POLICY_KEY} is {found}, not the name of a policy; "
        f"write a name, or {NO_POLICY} to exempt the deployment"
    )


def find_invalid_deployments(deployments: object) -> Iterator[str]:
    """Yield one line for each entry of LiteLLM's ``model_list`` whose binding or backend is invalid."""
    for row in deployments if isinstance(deployments, Iterable) else ():
        info = row.get("model_info") if isinstance(row, dict) else None
        known = info if isinstance(info, dict) else {}
        try:
            read_binding(known)
            check_stated_backend(known)
        except UsageError as error:
            yield f"{describe_deployment(row)}: {error}"


def describe_deployment(row: Mapping[str, Any]) -> str:
    """Return the words that name a deployment in the log: its alias and its model."""
    return f"deployment {row.get('model_name')} ({(row.get('litellm_params') or {}).get('model', '')})"
