"""LiteLLM's proxy ends a stream that repeats itself, closes the backend's, and logs what arrived."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from tests.support.litellm_proxy import KEY, Proxy, run_proxy
from tests.support.looping_app import LINE, LoopingApp
from tests.support.servers import serve_app_in_thread
from tests.support.waiting import wait_until

POLICY = """
version: 1
name: guarded
applies_to: {models: ["*"]}
rules:
  - {name: runaway-guard, kind: stop_repetition, min_chars: 100, min_repeats: 3}
"""
CALLBACK = """
from litellm.integrations.custom_logger import CustomLogger

class Printing(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        print("logged", response_obj.usage.completion_tokens, "tokens", flush=True)

printing = Printing()
"""
# A backend that is not read any more blocks after this many lines, so the proxy must close the connection.
LIMIT = 1_000_000


@pytest.fixture(scope="module")
def looping() -> LoopingApp:
    return LoopingApp(LIMIT)


@pytest.fixture(scope="module")
def proxy(looping: LoopingApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("ending-proxy")
    (folder / "guarded.yaml").write_text(POLICY)
    (folder / "printing_callback.py").write_text(CALLBACK)
    with serve_app_in_thread(looping.app) as root:
        config = {
            "model_list": [
                {
                    "model_name": "m",
                    "litellm_params": {"model": "hosted_vllm/m", "api_base": f"{root}/v1", "api_key": "none"},
                }
            ],
            "litellm_settings": {
                "callbacks": ["prompt_policy.litellm.callback", "printing_callback.printing"],
                "num_retries": 0,
            },
            "callback_settings": {"prompt_policy": {"path": str(folder / "guarded.yaml")}},
            "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        }
        with run_proxy(config, folder) as running:
            yield running


@pytest.mark.parametrize(
    ("path", "last"), [("chat/completions", "data: [DONE]"), ("messages", 'data: {"type":"message_stop"}')]
)
def test_stream_ends_and_the_backend_stops(path: str, last: str, proxy: Proxy, looping: LoopingApp) -> None:
    looping.stopped.clear()
    logged, sent = proxy.log.count("logged"), looping.sent
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True, "max_tokens": 1000}
    with httpx.Client(timeout=60, trust_env=False) as client:
        answer = client.post(f"{proxy.url}/v1/{path}", json=body, headers={"Authorization": f"Bearer {KEY}"})

    assert answer.text.strip().endswith(last)
    assert answer.text.count(LINE.strip()) == 128 // len(LINE)
    assert looping.stopped.wait(60)
    assert looping.sent - sent < LIMIT
    if path != "messages" or not version("litellm").startswith("1.98."):  # that one does not log an ended message
        wait_until(lambda: proxy.log.count("logged") > logged, describe=lambda: proxy.log)
    assert "ended an answer, because it repeats itself" in proxy.log
