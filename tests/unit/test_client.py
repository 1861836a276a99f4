"""The chat client, against the echo backend and servers that fail."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prompt_policy.client import LLMClient
from prompt_policy.errors import ServerError, UsageError
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url
from tests.support.fake_answers import JSON
from tests.support.fake_backend import FakeBackend
from tests.support.policies import MODEL

Serve = Callable[..., str]


@pytest.fixture
def make() -> Iterator[Callable[..., LLMClient]]:
    """Give a function that makes a client for a server, closed with the test."""
    made: list[LLMClient] = []

    def client(root: str, model: str | None = None, **options: Any) -> LLMClient:
        made.append(LLMClient(f"{root}/v1", model, **options))
        return made[-1]

    yield client
    for one in made:
        one.close()


def test_the_first_model_is_taken_and_its_policy_holds(make: Callable[..., LLMClient], serve: Serve) -> None:
    client = make(serve())

    answer = client.simple_chat("Hi", "Be brief.", temperature=1.3, max_tokens=None)

    assert client.model == MODEL
    assert '"temperature": 0.7' in answer
    assert '"max_tokens"' not in answer
    assert answer.startswith("<think>\n")


def test_a_stream_is_printed_and_returned(make: Callable[..., LLMClient], serve: Serve) -> None:
    out = io.StringIO()

    answer = make(serve()).stream_chat([{"role": "user", "content": "Hi"}], to=out)

    assert out.getvalue() == f"{answer}\n"
    assert answer.endswith("End of echo.")


def test_whole_and_streamed_answers_are_the_sdks(make: Callable[..., LLMClient], serve: Serve) -> None:
    client = make(serve())

    whole = client.chat_completion([{"role": "user", "content": "Hi"}])
    with client.chat_completion([{"role": "user", "content": "Hi"}], stream=True) as stream:
        chunks = list(stream)

    assert (whole.object, chunks[0].object) == ("chat.completion", "chat.completion.chunk")


def test_without_a_policy_nothing_is_changed(make: Callable[..., LLMClient], serve: Serve) -> None:
    assert '"temperature": 1.3' in make(serve(), policy=False).simple_chat("Hi", temperature=1.3)


def test_unreachable_server_is_reported(make: Callable[..., LLMClient]) -> None:
    with pytest.raises(ServerError, match="cannot connect to .*; check that the server is running"):
        make(build_url(LOOPBACK, find_free_port(LOOPBACK))).simple_chat("Hi")


def test_wrong_key_is_reported(make: Callable[..., LLMClient], serve: Serve) -> None:
    with pytest.raises(ServerError, match=r"rejects the API key \(HTTP 401\)"):
        make(serve(api_key="right"), api_key="wrong").simple_chat("Hi")


def test_unknown_model_is_reported_with_the_available_ones(make: Callable[..., LLMClient], serve_app: Serve) -> None:
    listed = b'{"object": "list", "data": [{"id": "qwen3", "object": "model", "created": 1, "owned_by": "x"}]}'
    server = FakeBackend((404, JSON, [b'{"error": {"message": "no"}}']), (200, JSON, [listed]))

    with pytest.raises(ServerError, match=r"has no model 'qwen' \(did you mean 'qwen3'\?\); it offers qwen3"):
        make(serve_app(server), "qwen").simple_chat("Hi")


def test_wrong_path_is_reported(make: Callable[..., LLMClient], serve: Serve) -> None:
    with pytest.raises(ServerError, match="does not know this path"):
        make(f"{serve()}/elsewhere", "m").simple_chat("Hi")


def test_other_errors_quote_the_server(make: Callable[..., LLMClient], serve_app: Serve) -> None:
    with pytest.raises(ServerError, match="overloaded"):
        make(serve_app(FakeBackend((503, JSON, [b'{"error": {"message": "overloaded"}}']))), "m").simple_chat("Hi")


def test_server_without_models_is_reported(make: Callable[..., LLMClient], serve_app: Serve) -> None:
    with pytest.raises(ServerError, match="lists no model"):
        make(serve_app(FakeBackend((200, JSON, [b'{"object": "list", "data": []}'])))).simple_chat("Hi")


def test_policy_true_is_rejected() -> None:
    with pytest.raises(UsageError, match="policy=True is not a policy; omit the argument"):
        LLMClient(policy=True)  # type: ignore[arg-type]  # as from a caller without a type checker
