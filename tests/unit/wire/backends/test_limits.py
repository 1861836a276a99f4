"""Limits: what a backend does not accept, with the reason that the decision shows."""

from __future__ import annotations

import pytest

from prompt_policy import UsageError
from prompt_policy.wire.backends.limits import (
    NO_LIMITS,
    check_backend,
    describe_unknown_backend,
    find_limits,
    resolve_backend,
)
from prompt_policy.wire.backends.table import load_backends, load_vllm_parameters


def test_vllm_has_no_limits() -> None:
    assert find_limits("vllm") == find_limits("hosted_vllm", "hosted_vllm") == NO_LIMITS


@pytest.mark.parametrize("name", load_backends())
def test_limits_are_the_rest_of_what_the_server_reads(name: str) -> None:
    obstacles, unsupported = find_limits(name)
    backend = load_backends()[name]
    assert unsupported.keys() == load_vllm_parameters() - backend.read_parameters
    assert set(unsupported.values()) <= {f"not known to the backend {name}"}
    assert dict(obstacles) == (
        {} if backend.prefill else {"prefill": f"the backend {name} is not known to continue a last assistant message"}
    )


@pytest.mark.parametrize("name", [None, "", "acme"])
def test_of_an_unknown_backend_only_openais_parameters_are_assumed(name: str | None) -> None:
    obstacles, unsupported = find_limits(name)
    assert unsupported == dict.fromkeys(load_vllm_parameters(), "not known to an unknown backend")
    assert obstacles == {"prefill": "an unknown backend is not known to continue a last assistant message"}


def test_litellm_drops_parameters_whatever_server_is_behind_it() -> None:
    obstacles, unsupported = find_limits("vllm", "fireworks_ai")
    assert obstacles == {"prefill": "LiteLLM does not send continue_final_message to fireworks_ai"}
    assert unsupported["chat_template_kwargs"] == "not sent to fireworks_ai by LiteLLM"
    assert {"top_k", "min_p", "repetition_penalty"}.isdisjoint(unsupported)


def test_limits_of_a_backend_are_built_once() -> None:
    assert find_limits("groq", "groq") is find_limits("groq", "groq")


@pytest.mark.parametrize("name", ["grok", "", None, 3, True, ["vllm"], "x" * 10_000])
def test_an_unknown_name_is_reported_in_one_short_line(name: object) -> None:
    with pytest.raises(UsageError, match="^here: unknown backend") as raised:
        check_backend(name, "here")
    assert len(str(raised.value)) < 200
    assert "\n" not in str(raised.value)


def test_a_name_is_corrected() -> None:
    assert describe_unknown_backend("fireworks") is not None
    assert "did you mean 'fireworks_ai'" in str(describe_unknown_backend("fireworks"))
    assert check_backend("sglang", "here") == "sglang"


def test_a_name_overrides_the_variable_and_the_default_is_vllm() -> None:
    variables = {"PROMPT_POLICY_BACKEND": "sglang"}
    assert resolve_backend("tgi", variables) == "tgi"
    assert (resolve_backend(None, variables), resolve_backend(None, {})) == ("sglang", "vllm")
    with pytest.raises(UsageError, match="^PROMPT_POLICY_BACKEND: unknown backend 'grok'"):
        resolve_backend(None, {"PROMPT_POLICY_BACKEND": "grok"})
