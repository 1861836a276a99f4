"""Reported requests reach the server in a form that it accepts, whatever host the policy runs in."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from packaging.version import Version

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx.backends import detect_installed_library
from prompt_policy.openai import wrap
from prompt_policy.policy.library import library_folder
from tests.integration.field_cases.case import HERE, POLICIES
from tests.integration.field_cases.sent_case import SentCase, load_sent_cases, read_body, read_turns
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import KEY, LITELLM_VERSION, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.responses import PATHS
from tests.support.servers import serve_app_in_thread

http = importlib.import_module(detect_installed_library())
CASES = load_sent_cases()
DROPS_THINKING = Version("1.99") > LITELLM_VERSION
"""Whether LiteLLM drops thinking blocks when it converts Messages to chat."""
Post = Callable[[SentCase, str, dict[str, Any]], Any]


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    with run_backend(FakeBackend()) as backend:
        yield backend


@pytest.fixture(scope="module")
def middleware(backend: FakeBackend) -> Iterator[Post]:
    with serve_app_in_thread(PolicyMiddleware(backend, POLICIES)) as root, http.Client(timeout=60) as client:
        yield lambda _case, path, body: client.post(root + path, json=body)


@pytest.fixture(scope="module")
def proxy(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    providers = sorted({case.litellm_provider for case in CASES})
    config = {
        "model_list": [
            {
                "model_name": f"{provider}--*",
                "litellm_params": {"model": f"{provider}/*", "api_base": f"{backend.url}/v1", "api_key": "none"},
            }
            for provider in providers
        ],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0},
        "callback_settings": {"prompt_policy": {"path": [str(HERE / "policies"), str(library_folder())]}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    headers = {"authorization": f"Bearer {KEY}"}
    with run_proxy(config, tmp_path_factory.mktemp("sent")) as proxy, http.Client(timeout=60) as client:
        yield lambda case, path, body: client.post(
            proxy.url + path, json={**body, "model": f"{case.litellm_provider}--{case.model}"}, headers=headers
        )


@pytest.fixture(scope="module", params=["sync", "async"])
def wrapped(request: pytest.FixtureRequest, backend: FakeBackend) -> Post:
    options: dict[str, Any] = {"base_url": f"{backend.url}/v1", "api_key": "none", "max_retries": 0}

    def post(_case: SentCase, path: str, body: dict[str, Any]) -> Any:
        with wrap(openai.OpenAI(**options), POLICIES) as client:
            return client.post(path.removeprefix("/v1"), body=body, cast_to=http.Response)

    async def post_async(path: str, body: dict[str, Any]) -> Any:
        async with wrap(openai.AsyncOpenAI(**options), POLICIES) as client:
            return await client.post(path.removeprefix("/v1"), body=body, cast_to=http.Response)

    return post if request.param == "sync" else lambda _case, path, body: asyncio.run(post_async(path, body))


def send(post: Post, backend: FakeBackend, case: SentCase, *, stream: bool) -> dict[str, Any]:
    """Return the body that the server receives; the client must get an answer."""
    backend.bodies.clear()
    body = case.build_body(stream=stream)
    before = json.dumps(body)
    answer = post(case, PATHS[case.endpoint], body)
    assert answer.status_code == 200, answer.text
    assert json.dumps(body) == before
    [sent] = backend.bodies
    assert isinstance(sent, dict)
    return sent


def check_sent(case: SentCase, body: dict[str, Any], host: str) -> None:
    expected = read_body(case.expect(host))
    if host == "litellm" and case.endpoint == "messages" and DROPS_THINKING:
        expected = drop_reasoning(expected)
    assert {key: read_body(body).get(key) for key in expected} == expected
    if (turns := case.expect_turns(host)) is not None:
        found = read_turns(body["messages"])
        assert [role for role, _text in found] == [role for role, _texts in turns]
        assert all(text in sent for (_role, sent), (_same, texts) in zip(found, turns, strict=True) for text in texts)
    assert "refused: " not in case.render(body)


def drop_reasoning(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body without the reasoning of its messages."""
    messages = [{key: item[key] for key in item if key != "reasoning_content"} for item in body.get("messages", ())]
    return {**body, "messages": messages} if messages else body


EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@WHOLE_AND_STREAMED
@EACH
def test_server_behind_the_middleware_gets_the_request(
    middleware: Post, backend: FakeBackend, case: SentCase, stream: bool
) -> None:
    check_sent(case, send(middleware, backend, case, stream=stream), "asgi")


@WHOLE_AND_STREAMED
@EACH
def test_server_of_a_wrapped_client_gets_the_request(
    wrapped: Post, backend: FakeBackend, case: SentCase, stream: bool
) -> None:
    check_sent(case, send(wrapped, backend, case, stream=stream), "client")


@WHOLE_AND_STREAMED
@EACH
def test_server_behind_the_litellm_proxy_gets_the_request(
    proxy: Post, backend: FakeBackend, case: SentCase, stream: bool
) -> None:
    check_sent(case, send(proxy, backend, case, stream=stream), "litellm")
