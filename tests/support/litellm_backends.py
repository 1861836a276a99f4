"""Find what the installed LiteLLM sends to a provider, by the bytes that reach a server.

``python -m tests.support.litellm_backends`` prints how ``backends.yaml`` differs from the installed LiteLLM: providers
that are missing, and parameters that LiteLLM drops.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest.mock import patch

import litellm
from packaging.version import Version

from prompt_policy.wire.backends import BackendSpec, load_backends, load_vllm_parameters
from tests.support.fake_backend import FakeBackend, build_json_response, run_backend
from tests.support.litellm_proxy import LITELLM_VERSION

UNREACHABLE: Final = frozenset(
    {"vllm", "text_completion", "sglang", "llama_cpp", "tgi", "openai_like", "aiohttp_openai", "vertex_ai"}
    | {"vertex_ai_beta"}
)
"""Names that are no providers, and providers that need more than an ``api_base`` and an ``api_key``."""
_REFUSING_IN_OLD_RELEASES: Final = frozenset({"custom_openai"})
"""LiteLLM 1.98 raises an error of its own for parameters of these providers that OpenAI does not have."""
_NO_LONGER_REFUSING: Final = Version("1.108")
_VALUES: Final[dict[str, Any]] = {
    "chat_template": "{{ messages }}",
    "chat_template_kwargs": {"enable_thinking": False},
    "guided_json": {"type": "object"},
    "stop_token_ids": [1],
    "structured_outputs": {"choice": ["a"]},
}
_TIMEOUT_S: Final = 20


@contextlib.contextmanager
def run_refusing_backend() -> Iterator[FakeBackend]:
    """Serve a backend that records every request, whatever its path, and refuses it."""
    with run_backend(FakeBackend(build_json_response({"error": {"message": "refused"}}, 400))) as backend:
        yield backend


def list_installed_providers() -> set[str]:
    """Return the providers of the installed LiteLLM, in lower case."""
    from litellm.llms.openai_like.json_loader import JSONProviderRegistry

    listed = {str(getattr(each, "value", each)) for each in litellm.provider_list}
    return listed | {*JSONProviderRegistry.list_providers()}


def list_promising_backends() -> list[BackendSpec]:
    """Return the providers that are said to read something beyond OpenAI's parameters, and can be tried."""
    unreachable = UNREACHABLE if LITELLM_VERSION >= _NO_LONGER_REFUSING else UNREACHABLE | _REFUSING_IN_OLD_RELEASES
    return [
        each
        for name, each in sorted(load_backends().items())
        if name not in unreachable and (each.read_parameters or each.own_server)
    ]


def find_sent_parameters(provider: str, parameters: set[str], backend: FakeBackend) -> set[str]:
    """Return which of some parameters LiteLLM sends to a provider, anywhere in the body."""
    backend.bodies.clear()
    with contextlib.suppress(Exception), patch.object(litellm, "suppress_debug_info", True):
        litellm.completion(
            model=f"{provider}/some-model",
            messages=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well"}],
            api_base=f"{backend.url}/v1",
            api_key="none",
            max_retries=0,
            timeout=_TIMEOUT_S,
            **{name: _VALUES.get(name, 1) for name in parameters},
        )
    assert backend.bodies, f"LiteLLM sent nothing to {provider}"
    return parameters & set(_list_keys(backend.bodies))


def _list_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _list_keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _list_keys(item)


def main() -> None:
    """Print the differences."""
    for name in sorted(list_installed_providers() - load_backends().keys()):
        print(f"{name}: missing")  # noqa: T201 - for the user
    with run_refusing_backend() as backend:
        for each in list_promising_backends():
            dropped = load_vllm_parameters() - find_sent_parameters(each.name, {*load_vllm_parameters()}, backend)
            if dropped != each.dropped_parameters:
                print(f"{each.name}: dropped {sorted(dropped)}")  # noqa: T201 - for the user


if __name__ == "__main__":
    main()
