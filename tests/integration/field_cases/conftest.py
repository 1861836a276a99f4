"""One fake server for all cases, and a real LiteLLM proxy with a deployment for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from prompt_policy.policy.library import library_folder
from tests.integration.field_cases.case import HERE, FieldCase
from tests.integration.field_cases.forms import ALL, THROUGH_LITELLM
from tests.support.fake_answers import JSON, SSE
from tests.support.fake_backend import Response, run_backend
from tests.support.fake_replay import FakeReplay
from tests.support.litellm_proxy import Proxy, run_proxy


def _build_response(case: FieldCase) -> Response:
    return 200, JSON if case.is_whole else SSE, case.build_answer()


@pytest.fixture(scope="package")
def server() -> Iterator[FakeReplay]:
    """A server with the answer of every case in every form."""
    with run_backend(FakeReplay({case.key: _build_response(case) for case in (*ALL, *THROUGH_LITELLM)})) as server:
        assert isinstance(server, FakeReplay)
        yield server


@pytest.fixture(scope="package")
def client() -> Iterator[openai.OpenAI]:
    """The real OpenAI client; each test gives it a URL of its own and wraps it."""
    with openai.OpenAI(base_url="http://localhost", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="package")
def proxy(server: FakeReplay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """LiteLLM's proxy, with the callback and a deployment for every case."""
    config = {
        "model_list": [_build_deployment(case, server) for case in THROUGH_LITELLM],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0},
        "callback_settings": {"prompt_policy": {"path": [str(HERE / "policies"), str(library_folder())]}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    with run_proxy(config, tmp_path_factory.mktemp("field-cases")) as proxy:
        yield proxy


def _build_deployment(case: FieldCase, server: FakeReplay) -> dict[str, Any]:
    parameters = {
        "model": case.litellm_model or f"hosted_vllm/{case.model}",
        "api_base": f"{server.url}/{case.key}/v1",
        "api_key": "none",
        **case.litellm_params,
    }
    info: dict[str, Any] = {"prompt_policy": case.policy} if case.policy else {}
    info |= {"max_input_tokens": case.max_model_len} if case.max_model_len else {}
    return {"model_name": case.key, "litellm_params": parameters, "model_info": info}
