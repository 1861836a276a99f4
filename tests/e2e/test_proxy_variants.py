"""A real LiteLLM proxy with its cache on, with several workers, and with policies that do not load."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import PIECES, config
from tests.e2e.fake_backend import FakeBackend
from tests.e2e.proxy import KEY, Proxy, launch, proxy
from tests.e2e.test_proxy import CLEANED, QUESTION, WAYS, ask, contents

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
def caching(serving: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with LiteLLM's cache on, and a logger of the user's own beside the callback."""
    folder = tmp_path_factory.mktemp("caching")
    (folder / "recorder.py").write_text(RECORDER)
    callbacks = ["prompt_policy.litellm.callback", "recorder.recorder"]
    settings = config(serving, callbacks=callbacks, cache=True, cache_params={"type": "local"})
    with proxy(settings, folder) as started:
        yield started


@WAYS
def test_a_cached_answer_is_cleaned_like_the_first(caching: Proxy, backend: FakeBackend, stream: bool) -> None:
    body: dict[str, Any] = {"model": "r1", "messages": QUESTION, "temperature": 1.3, "stream": stream}
    first, second = (ask(caching, **body) for _ in range(2))
    assert len(backend.bodies) == 1, "the second answer must come from the cache"
    assert contents(first, stream=stream) == contents(second, stream=stream) == CLEANED
    assert first.headers["x-prompt-policy-applied"] == second.headers["x-prompt-policy-applied"]


def test_the_cache_tells_policies_apart(caching: Proxy, backend: FakeBackend) -> None:
    ask(caching, model="r1", messages=QUESTION, temperature=0.9, seed=1)
    ask(caching, model="r1", messages=QUESTION, temperature=1.1, seed=1)
    ask(caching, model="plain", messages=QUESTION, temperature=0.9, seed=1)
    assert len(backend.bodies) == 2, "brought within the same bounds, two requests are one"


def test_litellms_loggers_get_the_original_answer(caching: Proxy, backend: FakeBackend) -> None:
    """Loggers get the backend's own answer; the "standard" payload beside it tells what was served, by design."""
    for stream in (False, True):
        ask(caching, model="r1", messages=QUESTION, seed=7, user=str(stream), stream=stream)
    log = caching.log_file.with_name("logged.jsonl")
    _await(lambda: log.exists() and log.read_text().count('"seed": 7') >= 2)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert {record["content"] for record in records if record["seed"] == 7} == {"".join(PIECES)}


def _await(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "the log did not come"
        time.sleep(0.1)


def test_every_worker_enforces(serving: FakeBackend, backend: FakeBackend, tmp_path: Path) -> None:
    with proxy(config(serving), tmp_path, "--num_workers", "2", "--timeout_worker_healthcheck", "120") as started:
        headers = {"Authorization": f"Bearer {KEY}", "Connection": "close"}
        for _ in range(12):
            body = {"model": "r1", "messages": QUESTION, "temperature": 1.3}
            response = httpx.post(f"{started.url}/v1/chat/completions", json=body, headers=headers, timeout=60)
            assert response.json()["choices"][0]["message"]["content"] == CLEANED
        assert {body["temperature"] for body in backend.bodies} == {0.6}
        _await(lambda: started.log.count("deployment bound (hosted_vllm/some-model): policy") == 2)


@pytest.mark.parametrize("setting", [{"path": "mine"}, {"pth": "mine"}])
def test_a_policy_that_does_not_load_stops_the_proxy_with_its_mistakes_last(
    serving: FakeBackend, tmp_path: Path, setting: dict[str, str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("version: 1\nname: a\nrules: []\nmod: audit\n")
    started = launch({**config(serving), "callback_settings": {"prompt_policy": setting}}, tmp_path)
    assert started.process.wait(60) == 3
    lines = started.log.rstrip().splitlines()
    assert lines[-2] == "prompt-policy:"
    assert lines[-1] == (
        f"{tmp_path}/mine/a.yaml:4:1: mod: unknown key 'mod' (did you mean 'mode'?)"
        if "path" in setting
        else "callback_settings.prompt_policy: unknown key 'pth' (did you mean 'path'?)"
    )
    assert not any("Traceback" in line for line in lines)
