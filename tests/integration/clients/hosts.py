"""The hosts, each without and with the shipped policies, and a record of the requests that clients send to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prompt_policy.asgi import PolicyMiddleware
from tests.integration.clients.scenarios import find_case, respond
from tests.support.fake_backend import FakeBackend, Message, Receive, Send, read_body, run_backend
from tests.support.litellm_proxy import run_proxy
from tests.support.relay import Relay
from tests.support.servers import serve_app_in_thread

HOSTS: Final = ("litellm", "asgi")
MODELS: Final = {
    "qwen3": "Qwen/Qwen3-8B",
    "r1": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "gpt-oss": "openai/gpt-oss-20b",
}
"""One model of each policy."""


class RequestRecorder:
    """An ASGI app that records the bodies sent to another one, by model, program and scenario."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.bodies: dict[tuple[str, str, str], list[dict[str, Any]]] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Record one request and forward it."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        data = await read_body(receive)
        body = json.loads(data)
        if case := find_case(body):
            self.bodies.setdefault((body["model"], *case), []).append(body)
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": data, "more_body": False}

        await self._app(scope, replay, send)


@dataclass
class Side:
    """A host without or with the policies: its root URL, and what clients send to it."""

    url: str
    recorder: RequestRecorder


@dataclass
class Host:
    """The two sides that must look the same to a client."""

    plain: Side
    enforced: Side


def build_config(backend: FakeBackend, models: Iterable[str], *callbacks: str) -> dict[str, Any]:
    """Return the configuration of a LiteLLM proxy for models of a backend."""
    return {
        "model_list": [
            {
                "model_name": model,
                "litellm_params": {
                    "model": f"hosted_vllm/{model}", "api_base": f"{backend.url}/v1", "api_key": "none",
                },
                # Without it, LiteLLM requests a whole answer for Responses and cuts it into a stream by itself.
                "model_info": {"supports_native_streaming": True},
            }
            for model in models
        ],
        "litellm_settings": {"callbacks": list(callbacks), "num_retries": 0},
        "router_settings": {"disable_cooldowns": True},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }  # fmt: skip


@contextmanager
def run_hosts(create_folder: Callable[[str], Path]) -> Iterator[dict[str, Host]]:
    """Run every host until the block ends. The two proxies start at the same time."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        backend = stack.enter_context(run_backend(FakeBackend(respond=respond)))
        proxies = [
            pool.submit(
                stack.enter_context,
                run_proxy(build_config(backend, MODELS.values(), *callbacks), create_folder("proxy")),
            )
            for callbacks in ((), ("prompt_policy.litellm.callback",))
        ]
        plain, enforced = (Relay(proxy.result().url) for proxy in proxies)
        apps = {"litellm": (plain, enforced), "asgi": (backend, PolicyMiddleware(backend))}
        sides = {
            name: [Side(stack.enter_context(serve_app_in_thread(each)), each) for each in map(RequestRecorder, pair)]
            for name, pair in apps.items()
        }
        yield {name: Host(*pair) for name, pair in sides.items()}
