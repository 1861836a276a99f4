"""Which policy a deployment gets: its explicit binding, then its real model's name, then the public alias."""

from __future__ import annotations

from types import NoneType
from typing import Final
from urllib.parse import urlsplit

from prompt_policy.conditions.situation import Facts
from prompt_policy.errors import UsageError
from prompt_policy.litellm.foreign import Foreign
from prompt_policy.policy.select import PolicySet, Selected, without_provider
from prompt_policy.runtime import Pipeline
from prompt_policy.wire import JsonObject

BOUND = "prompt_policy"
"""Under a deployment's ``model_info``: the name of its policy."""
PARSER = "prompt_policy_reasoning_parser"
"""Under a deployment's ``model_info``: true where the server splits the thought off by itself."""


MAY_SKIP: Final = "prompt_policy_may_skip"
"""Under the metadata of a key or a team: true, or the names of the rules that its callers may opt out of."""


_KEYS_OBJECT: Final = "user_api_key_auth"
_FROM_JSON: Final = (dict, list, str, int, float, NoneType)


class Binding:
    """A set of policies, compiled, and what each deployment gets of them. Immutable."""

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies
        self._pipelines = {policy.name: Pipeline(policy) for policy in policies.policies}

    def selected(self, model: str, alias: str | None, model_info: JsonObject) -> Selected | None:
        """Return the policy of a deployment and why. Raise UsageError where it is bound to one that is not there."""
        if isinstance(name := model_info.get(BOUND), str):
            return Selected(self.policies.named(name), f"model_info.{BOUND} says so")
        return self.policies.select(model, alias)

    def of_deployment(self, kwargs: JsonObject) -> Pipeline | None:
        """Return the pipeline for the deployment that an attempt was given to."""
        model = _text(kwargs.get("model"))
        return self._pipeline(model, _text(_bucket(kwargs).get("model_group")), _mapping(kwargs.get("model_info")))

    def shared(self, alias: object) -> Pipeline | None:
        """Return the pipeline that all deployments behind a public alias have in common, or None."""
        from litellm.proxy.proxy_server import llm_router

        if llm_router is None or not isinstance(alias, str):
            return None
        try:
            found = {self._of_listed(row, alias) for row in llm_router.get_model_list(model_name=alias) or ()}
        except UsageError:  # a binding to a policy that is not there; the deployment hook refuses with the reason
            return None
        return found.pop() if len(found) == 1 else None

    def _of_listed(self, row: Foreign, alias: str) -> Pipeline | None:
        model = _text(_mapping(row.get("litellm_params")).get("model"))
        return self._pipeline(alias if "*" in model else model, alias, _mapping(row.get("model_info")))

    def _pipeline(self, model: str, alias: str | None, model_info: JsonObject) -> Pipeline | None:
        selected = self.selected(model, alias, model_info)
        return self._pipelines[selected.policy.name] if selected else None


def facts_of(kwargs: JsonObject) -> Facts:
    """Return what LiteLLM knows of a request beside its body."""
    headers = _mapping(_mapping(kwargs.get("proxy_server_request")).get("headers"))
    bucket = _bucket(kwargs)
    told = Facts.told(headers, bucket.get("requester_metadata"))
    tags = bucket.get("tags")
    return told._replace(
        model=without_provider(_text(kwargs.get("model"))),
        has_reasoning_parser=_mapping(kwargs.get("model_info")).get(PARSER) is True,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else told.tags,
        team=_text(bucket.get("user_api_key_team_alias")) or _text(bucket.get("user_api_key_team_id")) or None,
        key_alias=_text(bucket.get("user_api_key_alias")) or None,
        may_skip=_may_skip(bucket, told.skips) if told.skips else (),
    )


def _may_skip(bucket: JsonObject, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of some rules the metadata of the key or its team lets a caller be spared."""
    allowed: list[str] = []
    for owner in ("user_api_key_metadata", "user_api_key_team_metadata"):
        granted = _mapping(bucket.get(owner)).get(MAY_SKIP)
        if granted is True:
            return asked
        allowed += granted if isinstance(granted, list) else []
    return tuple(name for name in asked if name in allowed)


def route_of(kwargs: JsonObject) -> str:
    """Return the path that the client sent its request to, or an empty string outside a proxy."""
    return urlsplit(_text(_mapping(kwargs.get("proxy_server_request")).get("url"))).path


def _bucket(kwargs: JsonObject) -> JsonObject:
    """Return LiteLLM's own metadata, which some routes keep under another name.

    Under the name that a route does not use a client may have put some of his own. LiteLLM's holds the key's object,
    which no JSON can; outside a proxy there is none.
    """
    found = [_mapping(kwargs.get(name)) for name in ("litellm_metadata", "metadata")]
    own = (bucket for bucket in found if not isinstance(bucket.get(_KEYS_OBJECT), _FROM_JSON))
    return next(own, found[0] or found[1])


def _mapping(value: Foreign) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Foreign) -> str:
    return value if isinstance(value, str) else ""
