"""The questions that a server is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from prompt_policy.probe.server import Refused, Server, prompt_of
from tests.probe.fake_server import REFUSES, fake_server

Serve = Callable[[Any], str]
HI = {"messages": [{"role": "user", "content": "Hi"}]}


def test_models_and_version(serve_app: Serve) -> None:
    server = Server(serve_app(fake_server(api_key="k")), key="k")

    assert [model["id"] for model in server.models()] == ["m", "n"]
    assert server.version() == "0.32.0"


def test_a_prompt_is_read_as_the_model_sees_it(serve_app: Serve) -> None:
    assert Server(serve_app(fake_server()), "m").prompt(HI) == "<user>Hi"


def test_another_template_may_be_tried(serve_app: Serve) -> None:
    assert Server(serve_app(fake_server()), "m", template="x{{ messages[0].content }}").prompt(HI) == "xHi"


def test_a_refusal_is_told_in_the_servers_words(serve_app: Serve) -> None:
    with pytest.raises(Refused, match="no system, please"):
        Server(serve_app(fake_server(REFUSES)), "m").prompt({"messages": [{"role": "system", "content": "x"}]})


def test_a_server_that_cannot_tell_prompts(serve_app: Serve) -> None:
    server = Server(serve_app(fake_server(tokenizes=False)), "m")

    assert (server.prompt(HI), server.version()) == (None, None)


def test_an_answer_is_reasoning_and_content(serve_app: Serve) -> None:
    assert Server(serve_app(fake_server()), "m").answer({**HI, "seed": 3}) == ("", "seed 3")


def test_nobody_there_is_told() -> None:
    with pytest.raises(UsageError, match="does not answer: Connection refused"):
        Server(url_of(LOOPBACK, free_port(LOOPBACK))).models()


def test_a_server_of_another_kind_is_told(serve: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match="does not answer: Not Found"):
        Server(f"{serve()}/elsewhere").models()


def test_only_what_makes_a_prompt_is_asked_about() -> None:
    assert prompt_of({**HI, "temperature": 1, "continue_final_message": True}) == {**HI, "continue_final_message": True}
