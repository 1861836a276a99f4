"""A stand-in for ``ray.serve.llm``, for tests of the builder; tests/integration/ray uses the real Ray."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.middleware.base import BaseHTTPMiddleware


class FakeLLMConfig(BaseModel):
    """The fields of Ray's LLMConfig that the builder reads."""

    model_id: str
    engine_kwargs: dict[str, Any] = {}


class FakeLLMServingArgs(BaseModel):
    """Ray's LLMServingArgs, with its models only."""

    llm_configs: list[FakeLLMConfig]


class FakeIngress:
    """The class that Ray creates with ``serve.ingress``: it has its own copy of a FastAPI app."""

    async def __init__(self, llm_deployments: object) -> None:  # type: ignore[misc]  # as in Ray, which awaits it
        self.llm_deployments = llm_deployments
        self.app = FastAPI()
        self.app.add_middleware(FakeKeyMiddleware)


class FakeKeyMiddleware(BaseHTTPMiddleware):
    """A middleware of Ray's own."""


class FakeDeployment:
    """A deployment: the class and the options that Ray would start replicas with."""

    def __init__(self, func_or_class: Any, ray_actor_options: dict[str, Any], init_kwargs: dict[str, Any]) -> None:
        self.func_or_class = func_or_class
        self.ray_actor_options = ray_actor_options
        self.init_args = ()
        self.init_kwargs = init_kwargs

    def options(self, *, func_or_class: Any, ray_actor_options: dict[str, Any]) -> FakeDeployment:
        return FakeDeployment(func_or_class, ray_actor_options, self.init_kwargs)

    def bind(self, **kwargs: Any) -> FakeApplication:
        return FakeApplication(FakeDeployment(self.func_or_class, self.ray_actor_options, kwargs))

    def start_replica(self) -> Any:
        """Return an instance of the class, as a replica creates it."""
        replica = self.func_or_class.__new__(self.func_or_class)
        asyncio.run(type(replica).__init__(replica, **self.init_kwargs))
        return replica


class FakeApplication:
    """An application of one deployment."""

    def __init__(self, deployment: FakeDeployment) -> None:
        self._bound_deployment = deployment

    @property
    def deployment(self) -> FakeDeployment:
        return self._bound_deployment


def install_fake_ray(monkeypatch: pytest.MonkeyPatch, actor_options: dict[str, Any]) -> None:
    """Let ``import ray.serve.llm`` find the stand-in, whose ingress has these options."""

    def build_openai_app(args: FakeLLMServingArgs) -> FakeApplication:
        names = [config.model_id for config in args.llm_configs]
        return FakeApplication(FakeDeployment(FakeIngress, actor_options, {"llm_deployments": names}))

    module = ModuleType("ray.serve.llm")
    vars(module).update(LLMServingArgs=FakeLLMServingArgs, build_openai_app=build_openai_app)
    for name in ("ray", "ray.serve"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "ray.serve.llm", module)
