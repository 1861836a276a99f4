"""Ray Serve LLM's own app, built as from a Serve config file that names our builder, with a stand-in for the engine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ray.serve._private.api import call_user_app_builder_with_args_if_necessary
from ray.serve.llm.openai_api_models import ChatCompletionResponse

from prompt_policy.errors import PromptPolicyError
from prompt_policy.ray import DIRECT_STREAMING_VARIABLE, build_app, build_openai_app
from tests.support.ray_node.answers import build_whole, stream_events

REPLICAS = {"num_replicas": 2, "ray_actor_options": {"num_cpus": 0}}


class FakeLLMServer:
    """A server of Ray Serve LLM whose engine answers without a model."""

    def __init__(self, llm_config: Any) -> None:
        self._config = llm_config

    @classmethod
    def get_deployment_options(cls, llm_config: Any) -> dict[str, Any]:
        """Return the options of the deployment."""
        return dict(llm_config.deployment_config)

    async def llm_config(self) -> Any:
        """Return the configuration."""
        return self._config

    async def chat(self, request: Any, raw_request_info: object = None) -> AsyncIterator[Any]:
        """Yield a whole answer, or the events of a stream."""
        body = request.model_dump(exclude_unset=True)
        if not body.get("stream"):
            yield ChatCompletionResponse(**build_whole(body))
            return
        async for event in stream_events(body):
            yield event


def _build_arguments(**engine: Any) -> dict[str, Any]:
    config = {
        "model_loading_config": {"model_id": "llm-model"},
        "server_cls": FakeLLMServer,
        "deployment_config": REPLICAS,
        "engine_kwargs": engine,
        "log_engine_metrics": False,
    }
    return {"llm_configs": [config], "ingress_deployment_config": REPLICAS}


def _find_refusal(arguments: dict[str, Any], policies: str | None = None) -> str:
    """Return the error with which ``build_app`` refuses arguments; empty if it accepts them."""
    try:
        build_app(arguments, policies)
    except PromptPolicyError as error:
        return str(error)
    return ""


def _find_refusals() -> dict[str, str]:
    refusals = {"middleware": _find_refusal(_build_arguments(middleware=["prompt_policy.asgi.PolicyMiddleware"]))}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bad.yaml").write_text("version: 1\nname: bad\nrules: [{name: a, kind: clam}]\n")
        refusals["invalid"] = _find_refusal(_build_arguments(), folder)
    os.environ[DIRECT_STREAMING_VARIABLE] = "1"
    refusals["direct_streaming"] = _find_refusal(_build_arguments())
    del os.environ[DIRECT_STREAMING_VARIABLE]
    return refusals


app = call_user_app_builder_with_args_if_necessary(build_openai_app, _build_arguments())
NOTES = {"refused": _find_refusals()}
