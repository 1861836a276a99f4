"""The backend behind a deployment, and the table of backends against the installed LiteLLM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import litellm
import pytest

from prompt_policy import UsageError
from prompt_policy.litellm.call import check_stated_backend, find_deployment_limits
from prompt_policy.wire.backends import NO_LIMITS, BackendSpec, find_limits, list_providers
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_backends import (
    find_sent_parameters,
    list_installed_providers,
    list_promising_backends,
    run_refusing_backend,
)
from tests.support.litellm_clients import LITELLM_MARKS

pytestmark = list(LITELLM_MARKS)

OWN = {"api_base": "http://127.0.0.1:8000/v1"}
STATED = "prompt_policy_backend"


@pytest.fixture(autouse=True)
def _no_base(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("provider", ["hosted_vllm", "vllm", "custom_openai", "openai_like", "litellm_proxy"])
def test_servers_of_ones_own_are_vllm(provider: str) -> None:
    assert find_deployment_limits(provider, {}, {}) == NO_LIMITS


@pytest.mark.parametrize("provider", ["openai", None])
@pytest.mark.parametrize(
    ("kwargs", "is_vllm"),
    [
        (OWN, True),
        ({"base_url": "http://vllm:8000/v1"}, True),
        ({"litellm_credential_name": "mine"}, True),
        ({"api_base": "https://api.openai.com.evil.example/v1"}, True),
        ({}, False),
        ({"api_base": None, "base_url": ""}, False),
        ({"api_base": "https://api.openai.com/v1"}, False),
        ({"api_base": "https://EU.api.openai.com/v1"}, False),
    ],
)
def test_openai_with_a_server_of_ones_own_is_vllm(provider: str | None, kwargs: dict[str, Any], is_vllm: bool) -> None:
    expected = find_limits("vllm" if is_vllm else "openai")
    assert find_deployment_limits(provider, kwargs, {}) == expected


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_litellms_variables_name_a_server_too(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://vllm:8000/v1")
    assert find_deployment_limits("openai", {}, {}) == NO_LIMITS
    assert find_deployment_limits("openai", {"api_base": "https://api.openai.com/v1"}, {}) == find_limits("openai")


def test_litellms_setting_names_a_server_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "api_base", "http://vllm:8000/v1")
    assert find_deployment_limits("openai", {}, {}) == NO_LIMITS


@pytest.mark.parametrize("provider", ["groq", "acme"])
def test_other_providers_get_openais_parameters_only(provider: str) -> None:
    limits = find_deployment_limits(provider, OWN, {})
    assert "prefill" in limits.obstacles
    assert {"top_k", "chat_template_kwargs"} <= limits.unsupported_parameters.keys()


def test_a_stated_backend_takes_precedence() -> None:
    assert find_deployment_limits("groq", {}, {STATED: "vllm"}) == NO_LIMITS
    assert find_deployment_limits("hosted_vllm", {}, {STATED: "llama_cpp"}) == find_limits("llama_cpp")
    assert find_deployment_limits("acme", {}, {STATED: "sglang"}) == find_limits("sglang")


def test_a_stated_backend_does_not_change_what_litellm_drops() -> None:
    limits = find_deployment_limits("fireworks_ai", {}, {STATED: "vllm"})
    assert limits.obstacles["prefill"] == "LiteLLM does not send continue_final_message to fireworks_ai"


def test_an_unknown_stated_backend_is_an_error() -> None:
    assert check_stated_backend({}) is None
    assert check_stated_backend({STATED: None}) is None
    assert check_stated_backend({STATED: "sglang"}) == "sglang"
    with pytest.raises(
        UsageError, match="model_info.prompt_policy_backend: unknown backend 'vlm' .did you mean 'vllm'"
    ):
        check_stated_backend({STATED: "vlm"})


def test_every_provider_of_the_installed_litellm_is_listed() -> None:
    """If it fails: read what the provider accepts, and add it to ``backends.yaml``."""
    assert list_installed_providers() - list_providers() == set()


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    """A backend that records every request."""
    with run_refusing_backend() as backend:
        yield backend


@pytest.mark.parametrize("provider", list_promising_backends(), ids=lambda each: each.name)
def test_litellm_sends_what_a_provider_is_said_to_read(provider: BackendSpec, backend: FakeBackend) -> None:
    """If it fails: add what LiteLLM drops to ``backends.yaml``."""
    names = provider.read_parameters | {"continue_final_message", "chat_template_kwargs", "stop_token_ids"}
    dropped = names - find_sent_parameters(provider.name, {*names}, backend)
    assert dropped <= provider.dropped_parameters
