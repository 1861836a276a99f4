"""The two answers of the demo, from a real echo server."""

from __future__ import annotations

import pytest

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.demo.comparison import print_comparison, request_pair
from prompt_policy.proxy.up import ReadyProxy
from tests.support.servers import Serve

MODEL = "SmolLM2-135M-Instruct"


def build_proxy(root: str) -> ReadyProxy:
    return ReadyProxy("", f"{root}/v1", "key", Backend(f"{root}/v1", (MODEL,)))


def test_both_get_the_same_request(serve: Serve) -> None:
    direct, enforced = request_pair(build_proxy(serve()))
    assert direct == enforced
    assert f'"model": "{MODEL}"' in direct.content
    assert '"temperature": 1.5' in direct.content


def test_the_answers_are_printed_side_by_side(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(build_proxy(serve()))
    printed = capsys.readouterr().out
    assert printed.startswith(f"\n{MODEL} at temperature 1.5: Write two short sentences about the sea.\n")
    assert any(line.count("The model received:") == 2 for line in printed.splitlines())


def test_a_refused_request_is_shown_as_its_answer(serve: Serve) -> None:
    proxy = build_proxy(f"{serve()}/none")
    direct, _enforced = request_pair(proxy)
    assert direct.content.startswith("HTTP 404: ")


def test_a_server_that_cannot_be_reached_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(build_proxy(f"http://{LOOPBACK}:{find_free_port(LOOPBACK)}"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("the comparison failed: ")
