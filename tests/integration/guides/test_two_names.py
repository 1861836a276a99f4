"""The files of the guide to two names set the mode of each name, in LiteLLM's proxy and in the ASGI middleware."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from prompt_policy import Pipeline, load
from prompt_policy.asgi import PolicyMiddleware
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import KEY, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.page_files import GUIDES, write_page_files
from tests.support.responses import PATHS
from tests.support.servers import serve_app_in_thread

PAGE = GUIDES / "two-names.md"
HEADERS = {"authorization": f"Bearer {KEY}"}
SWITCH = "enable_thinking"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the page prints."""
    folder = tmp_path_factory.mktemp("two-names")
    write_page_files(PAGE, folder)
    return folder


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    with run_backend(FakeBackend()) as backend:
        yield backend


@pytest.fixture(scope="module")
def roots(folder: Path, backend: FakeBackend) -> Iterator[dict[str, str]]:
    """The addresses of the hosts, which differ from the page's in the address of the server only."""
    config = yaml.safe_load((folder / "config.yaml").read_text().replace("http://vllm:8000", backend.url))
    with ExitStack() as stack:
        proxy = stack.enter_context(run_proxy(config, folder))
        middleware = PolicyMiddleware(backend, folder / "policies")
        yield {"litellm": proxy.url, "asgi": stack.enter_context(serve_app_in_thread(middleware))}


def build_body(endpoint: str, model: str, **keys: Any) -> dict[str, Any]:
    if endpoint == "responses":
        return {"model": model, "input": "Hi", **keys}
    limit = {"max_tokens": 9} if endpoint == "messages" else {}
    return {"model": model, "messages": [{"role": "user", "content": "Hi"}], **limit, **keys}


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("endpoint", ["chat", "responses", "messages"])
@pytest.mark.parametrize(
    ("model", "is_thinking", "temperature"), [("model-thinking", True, 0.6), ("model-instant", False, 0.7)]
)
@pytest.mark.parametrize("host", ["litellm", "asgi"])
def test_name_sets_the_mode_and_its_sampling(
    roots: dict[str, str],
    backend: FakeBackend,
    host: str,
    model: str,
    is_thinking: bool,
    temperature: float,
    endpoint: str,
    stream: bool,
) -> None:
    backend.bodies.clear()
    body = build_body(endpoint, model, **({"stream": True} if stream else {}))
    answer = httpx.post(roots[host] + PATHS[endpoint], json=body, headers=HEADERS, timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-prompt-policy"].startswith(f"{model}@")
    sent = backend.last()
    assert sent["chat_template_kwargs"] == {SWITCH: is_thinking}
    assert sent["temperature"] == temperature
    if host == "litellm":
        assert sent["model"] == "Qwen/Qwen3-8B"


@pytest.mark.parametrize("switch", [{"enable_thinking": True}, {"reasoning_effort": "high"}])
@pytest.mark.parametrize("host", ["litellm", "asgi"])
def test_client_can_switch_the_other_mode_on(
    roots: dict[str, str], backend: FakeBackend, host: str, switch: dict[str, Any]
) -> None:
    body = build_body("chat", "model-instant", **switch)
    answer = httpx.post(roots[host] + PATHS["chat"], json=body, headers=HEADERS, timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert backend.last()["chat_template_kwargs"] == {SWITCH: True}
    assert "temperature" not in backend.last()


def test_proxy_lists_both_names(roots: dict[str, str]) -> None:
    answer = httpx.get(f"{roots['litellm']}/v1/models", headers=HEADERS, timeout=60, trust_env=False)
    assert {model["id"] for model in answer.json()["data"]} == {"model-thinking", "model-instant"}


def test_deployment_sets_the_default_of_a_shared_policy(folder: Path, backend: FakeBackend, tmp_path: Path) -> None:
    """As in the page's shorter form: one policy, and a setting of each deployment."""
    config = yaml.safe_load((folder / "config.yaml").read_text().replace("http://vllm:8000", backend.url))
    config["callback_settings"]["prompt_policy"]["path"] = str(folder / "policies")
    for entry, mode in zip(config["model_list"], ("on", "off"), strict=True):
        entry["model_info"] = {"prompt_policy": "model-thinking", "prompt_policy_thinking": mode}
    with run_proxy(config, tmp_path) as proxy:
        for model, is_thinking in (("model-thinking", True), ("model-instant", False)):
            body = build_body("chat", model)
            answer = httpx.post(proxy.url + PATHS["chat"], json=body, headers=HEADERS, timeout=60, trust_env=False)
            assert answer.status_code == 200, answer.text
            assert backend.last()["chat_template_kwargs"] == {SWITCH: is_thinking}


SWITCHED_ON = [
    {"enable_thinking": True},
    {"chat_template_kwargs": {"thinking": True}},
    {"thinking": {"type": "enabled", "budget_tokens": 2000}},
    {"reasoning_effort": "high"},
    {"reasoning": {"enabled": True}},
    {"think": True},
]


@pytest.mark.parametrize("switch", SWITCHED_ON, ids=json.dumps)
def test_name_without_the_other_mode_rejects_every_spelling(folder: Path, switch: dict[str, Any]) -> None:
    pipeline = Pipeline(load(folder / "policies" / "model-never-thinking.yaml"))
    applied = pipeline.apply(build_body("chat", "model-never-thinking", **switch), "chat")
    assert applied.refusal is not None
    assert pipeline.apply(build_body("chat", "model-never-thinking"), "chat").refusal is None


@pytest.mark.parametrize("switch", SWITCHED_ON, ids=json.dumps)
def test_clamp_after_the_switch_fixes_the_mode(folder: Path, tmp_path: Path, switch: dict[str, Any]) -> None:
    policy = yaml.safe_load((folder / "policies" / "model-never-thinking.yaml").read_text())
    policy["rules"][1] = {
        "name": "fix",
        "kind": "clamp",
        "parameters": {f"chat_template_kwargs.{SWITCH}": {"value": False}},
    }
    (tmp_path / "fixed.yaml").write_text(yaml.safe_dump(policy))
    body = build_body("chat", "model-never-thinking", **switch)
    sent = Pipeline(load(tmp_path / "fixed.yaml")).apply(body, "chat").body
    assert sent["chat_template_kwargs"][SWITCH] is False
    assert not {"enable_thinking", "think"} & sent.keys()
