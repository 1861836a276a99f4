"""What a client asks of LiteLLM that would lead around the policy."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from litellm import Router

from prompt_policy.litellm.detours import detours_of, without_detours


def kwargs(**asked: Any) -> dict[str, Any]:
    return {"model": "hosted_vllm/m", "temperature": 0.6, **asked, "proxy_server_request": {"body": asked}}


def test_an_ordinary_request_asks_for_none() -> None:
    assert detours_of(kwargs(extra_body={"top_k": 5}, drop_params=True)) == ()
    assert detours_of({"additional_drop_params": ["seed"], "extra_body": {"model": "x"}}) == ()  # no client: the SDK


@pytest.mark.parametrize("request_", [None, "x", {}, {"body": None}, {"body": "x"}, {"body": {"extra_body": "x"}}])
def test_what_is_no_body_asks_for_none(request_: Any) -> None:
    assert detours_of({"proxy_server_request": request_}) == ()


def test_another_model_is_taken_out_of_extra_body_and_nothing_else() -> None:
    given = kwargs(extra_body={"model": "other", "top_k": 5})
    before = copy.deepcopy(given)
    detours = detours_of(given)
    assert detours == ("extra_body.model",)
    assert without_detours(given, detours) == {**given, "extra_body": {"top_k": 5}}
    assert given == before


def test_a_clients_drops_are_not_granted() -> None:
    given = kwargs(additional_drop_params=["temperature"])
    straight = without_detours(given, detours_of(given))
    assert "additional_drop_params" not in straight
    assert straight["temperature"] == 0.6


def test_the_deployments_own_drops_come_back_in_the_place_of_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    from litellm.proxy import proxy_server

    parameters = {"model": "hosted_vllm/m", "api_base": "http://127.0.0.1:1/v1", "additional_drop_params": ["seed"]}
    listed = {"model_name": "m", "litellm_params": parameters, "model_info": {"id": "1"}}
    monkeypatch.setattr(proxy_server, "llm_router", Router(model_list=[listed]))
    given = {**kwargs(additional_drop_params=["temperature"]), "model_info": {"id": "1"}}
    assert without_detours(given, detours_of(given))["additional_drop_params"] == ["seed"]
