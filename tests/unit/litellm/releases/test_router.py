"""Tests of the deployments' listing, with stand-ins for each release's router, and with the installed release's own."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType, SimpleNamespace
from typing import Any

import litellm
import pytest

from prompt_policy.litellm.releases.router import (
    find_config_file,
    find_config_models,
    find_deployment,
    is_inside_proxy,
    list_deployments,
)
from tests.support.fake_router import FakeRegistryRouter, FakeRouter

PROXY = "litellm.proxy.proxy_server"


def build_row(alias: str, number: str) -> dict[str, Any]:
    parameters = {"model": f"hosted_vllm/{alias}", "api_base": "http://127.0.0.1:9/v1", "api_key": "none"}
    return {"model_name": alias, "litellm_params": parameters, "model_info": {"id": number}}


ROWS = (build_row("a", "1"), build_row("b", "2"))


def run_proxy_module(monkeypatch: pytest.MonkeyPatch, **names: Any) -> None:
    module = ModuleType(PROXY)
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, PROXY, module)


@pytest.mark.parametrize("router", [FakeRouter, FakeRegistryRouter, "installed"])
def test_deployments_are_listed_without_a_deprecated_call(router: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    created = litellm.Router(model_list=list(ROWS)) if router == "installed" else router(*ROWS)
    run_proxy_module(monkeypatch, llm_router=created)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        assert [row["model_name"] for row in list_deployments()] == ["a", "b"]
        assert [row["model_info"]["id"] for row in list_deployments("b")] == ["2"]
        assert list_deployments("c") == []
        found = find_deployment("2")
        assert find_deployment("3") is None
    assert found is not None
    assert found.model_name == "b"


@pytest.mark.parametrize("names", [{}, {"llm_router": None}])
def test_proxy_that_has_no_router_yet_has_no_deployments(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_proxy_module(monkeypatch, **names)
    assert is_inside_proxy()
    assert (list_deployments(), find_deployment("1"), find_config_file()) == ([], None, None)


@pytest.mark.parametrize("blocked", [False, True])
def test_outside_a_proxy_nothing_is_imported(blocked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, PROXY, raising=False)
    if blocked:
        monkeypatch.setitem(sys.modules, PROXY, None)  # an import of it fails
    assert not is_inside_proxy()
    assert (list_deployments("a"), find_deployment("1"), find_config_file()) == ([], None, None)
    assert blocked or PROXY not in sys.modules


def test_models_of_the_config_file_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    config = SimpleNamespace(get_config_state=lambda: {"model_list": [{"model_name": "a"}]})
    run_proxy_module(monkeypatch, proxy_config=config)
    assert find_config_models() == [{"model_name": "a"}]
    run_proxy_module(monkeypatch)
    assert find_config_models() is None


def test_deprecations_that_our_modules_cause_are_errors() -> None:
    """The test settings ignore those that LiteLLM's modules cause."""
    with pytest.raises(DeprecationWarning):
        warnings.warn_explicit(
            "old", DeprecationWarning, "router.py", 1, module="prompt_policy.litellm.releases.router"
        )
    warnings.warn_explicit("old", DeprecationWarning, "router.py", 1, module="litellm.router")
