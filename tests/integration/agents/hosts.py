"""The hosts in front of the scripted backend, each without and with the shipped policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prompt_policy.asgi import PolicyMiddleware
from tests.integration.agents.conversation import Script
from tests.integration.clients.hosts import build_config
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import run_proxy
from tests.support.servers import serve_app_in_thread

MODELS: Final = {
    "Qwen/Qwen3.8-27B": "qwen3.8",
    "zai-org/GLM-5": "glm-5",
    "openai/gpt-oss-20b": "gpt-oss",
    "google/gemma-3-27b-it": "gemma-3",
    "deepseek-ai/DeepSeek-R1": "deepseek-r1",
}
"""The models, each with its shipped policy."""


@dataclass(frozen=True)
class AgentHost:
    """The root URLs of a host without and with the policies."""

    plain: str
    enforced: str


@contextmanager
def run_agent_hosts(script: Script, create_folder: Callable[[str], Path]) -> Iterator[dict[str, AgentHost]]:
    """Run every host until the block ends. The two proxies start at the same time."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        backend = stack.enter_context(run_backend(FakeBackend(respond=script.respond)))
        proxies = [
            pool.submit(
                stack.enter_context, run_proxy(build_config(backend, MODELS, *callbacks), create_folder("proxy"))
            )
            for callbacks in ((), ("prompt_policy.litellm.callback",))
        ]
        enforced = stack.enter_context(serve_app_in_thread(PolicyMiddleware(backend)))
        yield {
            "litellm": AgentHost(*(proxy.result().url for proxy in proxies)),
            "asgi": AgentHost(backend.url, enforced),
        }
