"""A fake backend and a real proxy in front of it, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import openai
import pytest

from tests.e2e.fake_backend import FakeBackend, running
from tests.e2e.proxy import KEY, Proxy, proxy
from tests.support import MODEL

PIECES = ["Hm", "m.\n</thi", "nk>", "\n\n\n", "Hello\n", "\n\n", "\n", "```\na\n", "\n\n\nb\n``", "`\n\n", "\n"]
BROKEN = "DeepSeek-R1-Distill-Broken"
PLAIN = "acme-120b"


def deployment(backend: FakeBackend, alias: str, model: str, **model_info: Any) -> dict[str, Any]:
    """Return an entry of LiteLLM's model_list."""
    parameters = {"model": f"hosted_vllm/{model}", "api_base": f"{backend.url}/v1", "api_key": "none"}
    return {"model_name": alias, "litellm_params": parameters, "model_info": model_info}


def _openai(backend: FakeBackend) -> dict[str, str]:
    """Return the parameters of a provider for which LiteLLM turns Messages into Responses."""
    return {"model": f"openai/{MODEL}", "api_base": f"{backend.url}/v1", "api_key": "none"}


def config(backend: FakeBackend, **litellm_settings: Any) -> dict[str, Any]:
    """Return a LiteLLM configuration as a user writes it, with the callback's two lines."""
    return {
        "model_list": [
            deployment(backend, "r1", MODEL),
            deployment(backend, "r1-parsed", MODEL, prompt_policy_reasoning_parser=True),
            {**deployment(backend, "r1-as-openai", MODEL), "litellm_params": _openai(backend)},
            deployment(backend, "bound", "some-model", prompt_policy="deepseek-r1-0528"),
            deployment(backend, "misbound", "some-model", prompt_policy="gone"),
            deployment(backend, "plain", PLAIN),
            deployment(backend, "falls-to-plain", BROKEN),
            deployment(backend, "falls-to-0528", BROKEN),
            deployment(backend, "r1-0528", "DeepSeek-R1-0528"),
            deployment(backend, "mixed", MODEL),
            deployment(backend, "mixed", "DeepSeek-R1"),
            {**deployment(backend, "*", "*"), "model_info": {}},
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


@pytest.fixture(scope="session")
def serving() -> Iterator[FakeBackend]:
    """The backend, for the proxies of the whole session."""
    answers: dict[str, Sequence[dict[str, str]]] = {
        MODEL: [{"content": piece} for piece in PIECES],
        "thinks-apart": [{"reasoning": "\nHm."}, {"reasoning": "\n"}, {"content": "\n\n"}, {"content": "Hello.\n"}],
        PLAIN: [{"content": "\n\nraw\n\n\n\nanswer\n"}],
        "DeepSeek-R1-0528": [{"content": "\n\nHello.\n"}],
    }
    answers["DeepSeek-R1-Distill-Apart"] = answers["thinks-apart"]
    with running(FakeBackend(answers=answers, failing={BROKEN})) as backend:
        yield backend


@pytest.fixture(scope="session")
def policed(serving: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy, started by ``litellm --config`` with the callback listed twice."""
    listed_twice = ["prompt_policy.litellm.callback", "prompt_policy.litellm.callback"]
    with proxy(config(serving, callbacks=listed_twice), tmp_path_factory.mktemp("policed")) as started:
        yield started


@pytest.fixture
def backend(serving: FakeBackend) -> FakeBackend:
    """The backend, with no body recorded yet."""
    serving.bodies.clear()
    return serving


@pytest.fixture
def client(policed: Proxy) -> Iterator[openai.OpenAI]:
    """The real OpenAI client, without retries of its own."""
    with openai.OpenAI(base_url=f"{policed.url}/v1", api_key=KEY, max_retries=0) as made:
        yield made
