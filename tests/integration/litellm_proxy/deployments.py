"""The deployments behind the proxy, and the answers of their models."""

from __future__ import annotations

from typing import Any

from tests.support.fake_answers import Delta
from tests.support.fake_backend import FakeBackend
from tests.support.policies import MODEL

PIECES = ["Hm", "m.\n</thi", "nk>", "\n\n\n", "Hello\n", "\n\n", "\n", "```\na\n", "\n\n\nb\n``", "`\n\n", "\n"]
BROKEN = "DeepSeek-R1-Distill-Broken"
PLAIN = "acme-120b"
REASONING_APART: list[Delta] = [
    {"reasoning": "\nHm."}, {"reasoning": "\n"}, {"content": "\n\n"}, {"content": "Hello.\n"},
]  # fmt: skip
ANSWERS: dict[str, list[Delta]] = {
    MODEL: [{"content": piece} for piece in PIECES],
    "thinks-apart": REASONING_APART,
    "DeepSeek-R1-Distill-Apart": REASONING_APART,
    PLAIN: [{"content": "\n\nraw\n\n\n\nanswer\n"}],
    "DeepSeek-R1-0528": [{"content": "\n\nHello.\n"}],
}
"""The deltas of each model's answer."""


def build_deployment(backend: FakeBackend, alias: str, model: str, **model_info: Any) -> dict[str, Any]:
    """Return an entry of LiteLLM's model_list."""
    parameters = {"model": f"hosted_vllm/{model}", "api_base": f"{backend.url}/v1", "api_key": "none"}
    return {"model_name": alias, "litellm_params": parameters, "model_info": model_info}


def _openai_parameters(backend: FakeBackend) -> dict[str, str]:
    """Return the parameters of a provider for which LiteLLM sends Messages requests as Responses requests."""
    return {"model": f"openai/{MODEL}", "api_base": f"{backend.url}/v1", "api_key": "none"}


def build_config(backend: FakeBackend, **litellm_settings: Any) -> dict[str, Any]:
    """Return a LiteLLM configuration as a user writes it, with the two lines for the callback."""
    return {
        "model_list": [
            build_deployment(backend, "r1", MODEL),
            build_deployment(backend, "r1-parsed", MODEL, prompt_policy_reasoning_parser=True),
            {**build_deployment(backend, "r1-as-openai", MODEL), "litellm_params": _openai_parameters(backend)},
            build_deployment(backend, "bound", "some-model", prompt_policy="deepseek-r1-0528"),
            build_deployment(backend, "misbound", "some-model", prompt_policy="gone"),
            build_deployment(backend, "plain", PLAIN),
            build_deployment(backend, "falls-to-plain", BROKEN),
            build_deployment(backend, "falls-to-0528", BROKEN),
            build_deployment(backend, "r1-0528", "DeepSeek-R1-0528"),
            build_deployment(backend, "mixed", MODEL),
            build_deployment(backend, "mixed", "DeepSeek-R1"),
            {**build_deployment(backend, "*", "*"), "model_info": {}},
        ],
        "litellm_settings": {
            "callbacks": ["prompt_policy.litellm.callback"],
            "num_retries": 1,
            **litellm_settings,
        },
        "router_settings": {
            "fallbacks": [
                {"falls-to-plain": ["plain"]},
                {"falls-to-0528": ["r1-0528"]},
                {"mixed": ["plain"]},
                {"misbound": ["plain"]},
                {"r1": ["plain"]},
            ],
            "allowed_fails": 1000,
        },
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
