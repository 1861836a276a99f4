"""The table of backends: its entries agree with each other, and with the list of vLLM's parameters."""

from __future__ import annotations

import pytest

from prompt_policy.policy.lint import known_parameters
from prompt_policy.wire.backends.table import BackendSpec, list_providers, load_backends, load_vllm_parameters

BACKENDS = load_backends()


def test_vllm_reads_all_its_parameters_and_continues_messages() -> None:
    for name in ("vllm", "hosted_vllm", "openai_like", "litellm_proxy"):
        assert BACKENDS[name].prefill
        assert BACKENDS[name].read_parameters == load_vllm_parameters()


def test_the_parameters_are_those_that_vllm_reads_beyond_openai() -> None:
    vllm, openai, anthropic = (
        set(getattr(known_parameters, name).split()) for name in ("_VLLM", "_OPENAI", "_ANTHROPIC")
    )
    assert load_vllm_parameters() == vllm - openai - anthropic | {"top_k"}


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
def test_an_entry_lists_known_parameters_only(backend: BackendSpec) -> None:
    listed = () if backend.parameters == "all" else backend.parameters
    assert load_vllm_parameters().issuperset((*listed, *backend.dropped_parameters))
    assert {"chat_template_kwargs", "continue_final_message", "add_generation_prompt"}.isdisjoint(listed)
    assert backend.own_server is None or backend.own_server in BACKENDS


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
def test_an_entry_that_promises_something_has_a_source(backend: BackendSpec) -> None:
    promises = backend.prefill or backend.parameters or backend.chat_template_kwargs
    assert bool(backend.source) or not promises


def test_what_a_server_reads_depends_on_its_three_keys() -> None:
    assert BackendSpec(name="b").read_parameters == frozenset()
    assert BackendSpec(name="b", parameters=("top_k", "min_p")).read_parameters == {"top_k", "min_p"}
    assert BackendSpec(name="b", chat_template_kwargs=True).read_parameters == {"chat_template_kwargs"}
    assert BackendSpec(name="b", prefill=True).read_parameters == {"continue_final_message", "add_generation_prompt"}
    every = BackendSpec(name="b", parameters="all").read_parameters
    assert load_vllm_parameters() - every == {
        "chat_template_kwargs", "continue_final_message", "add_generation_prompt"
    }  # fmt: skip


def test_an_entry_like_another_does_not_inherit_what_litellm_drops() -> None:
    assert BACKENDS["ollama_chat"].parameters == BACKENDS["ollama"].parameters != ()
    assert BackendSpec(name="b", parameters=("top_k",), dropped="others").dropped_parameters == (
        load_vllm_parameters() - {"top_k"}
    )


def test_engines_are_not_providers() -> None:
    assert {"deepseek", "minimax", "groq", "vllm", "openai", "ollama"} <= list_providers() <= set(BACKENDS)
    assert {"sglang", "llama_cpp", "tgi"}.isdisjoint(list_providers())
