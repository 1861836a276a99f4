"""A real LiteLLM proxy with its cache on, with several workers, and with invalid policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.litellm_proxy.client import CLEANED, QUESTION, post, read_content
from tests.integration.litellm_proxy.deployments import PIECES, build_config
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy, start_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.waiting import wait_until

RECORDER = """
import json
from pathlib import Path
from litellm.integrations.custom_logger import CustomLogger

class Recorder(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        seed = kwargs["optional_params"].get("seed")
        line = json.dumps({"seed": seed, "content": response_obj.choices[0].message.content})
        with Path(__file__).with_name("logged.jsonl").open("a") as file:
            file.write(line + "\\n")

recorder = Recorder()
"""


@pytest.fixture(scope="module")
def caching_proxy(session_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with LiteLLM's cache on, and a custom logger beside the callback."""
    folder = tmp_path_factory.mktemp("caching")
    (folder / "recorder.py").write_text(RECORDER)
    callbacks = ["prompt_policy.litellm.callback", "recorder.recorder"]
    settings = build_config(session_backend, callbacks=callbacks, cache=True, cache_params={"type": "local"})
    with run_proxy(settings, folder) as proxy:
        yield proxy


@WHOLE_AND_STREAMED
def test_cached_answer_is_rewritten_like_the_first(caching_proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    body: dict[str, Any] = {"model": "r1", "messages": QUESTION, "temperature": 1.3, "stream": stream}
    first, second = (post(caching_proxy, **body) for _ in range(2))
    assert len(backend.bodies) == 1, "the second answer must come from the cache"
    assert read_content(first, stream=stream) == read_content(second, stream=stream) == CLEANED
    assert first.headers["x-prompt-policy-applied"] == second.headers["x-prompt-policy-applied"]


def test_cache_key_depends_on_the_rewritten_request(caching_proxy: Proxy, backend: FakeBackend) -> None:
    post(caching_proxy, model="r1", messages=QUESTION, temperature=0.9, seed=1)
    post(caching_proxy, model="r1", messages=QUESTION, temperature=1.1, seed=1)
    post(caching_proxy, model="plain", messages=QUESTION, temperature=0.9, seed=1)
    assert len(backend.bodies) == 2, "two requests that are rewritten to the same one share an entry"


def test_loggers_of_litellm_get_the_original_answer(caching_proxy: Proxy, backend: FakeBackend) -> None:
    """By design, LiteLLM's "standard" payload beside it holds the answer that was served."""
    for stream in (False, True):
        post(caching_proxy, model="r1", messages=QUESTION, seed=7, user=str(stream), stream=stream)
    log = caching_proxy.log_file.with_name("logged.jsonl")
    wait_until(lambda: log.exists() and log.read_text().count('"seed": 7') >= 2)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert {record["content"] for record in records if record["seed"] == 7} == {"".join(PIECES)}


@pytest.mark.exclusive
def test_every_worker_enforces_the_policy(session_backend: FakeBackend, backend: FakeBackend, tmp_path: Path) -> None:
    with run_proxy(
        build_config(session_backend), tmp_path, "--num_workers", "2", "--timeout_worker_healthcheck", "120"
    ) as proxy:
        headers = {"Authorization": f"Bearer {KEY}", "Connection": "close"}

        def have_both_answered() -> bool:
            body = {"model": "r1", "messages": QUESTION, "temperature": 1.3}
            response = httpx.post(f"{proxy.url}/v1/chat/completions", json=body, headers=headers, timeout=60)
            assert response.json()["choices"][0]["message"]["content"] == CLEANED
            return proxy.log.count("deployment bound (hosted_vllm/some-model): policy") >= 2

        # The kernel chooses the worker of each connection; the second worker may start much later than the first.
        wait_until(have_both_answered, seconds=180, describe=lambda: proxy.log)
        assert {body["temperature"] for body in backend.bodies} == {0.6}


@pytest.mark.parametrize("setting", [{"path": "mine"}, {"pth": "mine"}])
def test_invalid_policy_stops_the_proxy_and_logs_its_errors_last(
    session_backend: FakeBackend, tmp_path: Path, setting: dict[str, str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("version: 1\nname: a\nrules: []\nmod: audit\n")
    proxy = start_proxy({**build_config(session_backend), "callback_settings": {"prompt_policy": setting}}, tmp_path)
    assert proxy.process.wait(60) == 3
    lines = proxy.log.rstrip().splitlines()
    assert lines[-2] == "prompt-policy:"
    assert lines[-1] == (
        f"{tmp_path}/mine/a.yaml:4:1: mod: unknown key 'mod' (did you mean 'mode'?)"
        if "path" in setting
        else "callback_settings.prompt_policy: unknown key 'pth' (did you mean 'path'?)"
    )
    assert not any("Traceback" in line for line in lines)
