"""The client of the server that is probed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url
from prompt_policy.probe.client import ProbeClient, RequestRejected, select_prompt_fields
from tests.support.fake_server import REFUSES, make_fake_server

Serve = Callable[[Any], str]
HI = {"messages": [{"role": "user", "content": "Hi"}]}


def test_models_and_version_are_read(serve_app: Serve) -> None:
    server = ProbeClient(serve_app(make_fake_server(api_key="k")), key="k")

    assert [model["id"] for model in server.list_models()] == ["m", "n"]
    assert server.get_version() == "0.32.0"


def test_a_prompt_is_rendered_as_the_model_reads_it(serve_app: Serve) -> None:
    assert ProbeClient(serve_app(make_fake_server()), "m").render_prompt(HI) == "<user>Hi"


def test_another_template_can_be_sent(serve_app: Serve) -> None:
    assert (
        ProbeClient(serve_app(make_fake_server()), "m", template="x{{ messages[0].content }}").render_prompt(HI)
        == "xHi"
    )


def test_a_rejection_has_the_servers_message(serve_app: Serve) -> None:
    with pytest.raises(RequestRejected, match="no system, please"):
        ProbeClient(serve_app(make_fake_server(REFUSES)), "m").render_prompt(
            {"messages": [{"role": "system", "content": "x"}]}
        )


def test_a_server_without_tokenize_renders_no_prompt(serve_app: Serve) -> None:
    server = ProbeClient(serve_app(make_fake_server(tokenizes=False)), "m")

    assert (server.render_prompt(HI), server.get_version()) == (None, None)


def test_an_answer_has_reasoning_and_content(serve_app: Serve) -> None:
    assert ProbeClient(serve_app(make_fake_server()), "m").complete_chat({**HI, "seed": 3}) == ("", "seed 3")


def test_a_refused_connection_is_reported() -> None:
    with pytest.raises(UsageError, match="does not answer: Connection refused"):
        ProbeClient(build_url(LOOPBACK, find_free_port(LOOPBACK))).list_models()


def test_a_server_of_another_kind_is_reported(serve: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match="does not answer: Not Found"):
        ProbeClient(f"{serve()}/elsewhere").list_models()


def test_only_the_fields_of_the_prompt_are_selected() -> None:
    assert select_prompt_fields({**HI, "temperature": 1, "continue_final_message": True}) == {
        **HI,
        "continue_final_message": True,
    }
