"""The plugin in a real vLLM with an API key, and its place among vLLM's middlewares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompt_policy import load
from prompt_policy.launcher.state.instance import Instance
from prompt_policy.probe.doctor.examination import DoctorOptions, examine_server
from tests.integration.vllm.conftest import MIDDLEWARE
from tests.integration.vllm.test_enforced import BEGIN, EXPECTED_REQUEST, REQUEST, USER
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.vllm_app_report import AppReport
from tests.support.vllm_server import Server, request_answer, start_server

KEY = "sk-plugin"
MODEL = "DeepSeek-R1-Distill-Tiny"
PLUGIN = {"VLLM_PLUGINS": "prompt_policy"}


@pytest.fixture(scope="module")
def server(
    vllm_python: str,
    installed_package: Path,
    tiny_model: Path,
    policies: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A vLLM with a reasoning parser, an API key and the plugin, and without an option for it."""
    words = ["--served-model-name", MODEL, "--served-model-name", "plain", "--reasoning-parser", "deepseek_r1"]
    variables = {"PYTHONPATH": str(installed_package), "PROMPT_POLICY_PATH": str(policies), "VLLM_API_KEY": KEY}
    started = start_server(
        vllm_python, tiny_model, tmp_path_factory.mktemp("state"), "plugin", *words, "--", "--enforce-eager",
        variables=variables | PLUGIN,
    )  # fmt: skip
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.stop()


@WHOLE_AND_STREAMED
def test_the_plugin_enforces_the_policy(server: Server, stream: bool) -> None:
    answer = request_answer(f"{server.root}/v1", {"model": MODEL, **REQUEST}, stream=stream, key=KEY)
    direct = request_answer(f"{server.root}/v1", EXPECTED_REQUEST, stream=stream, key=KEY)

    assert answer.status == direct.status == 200, answer.error
    assert answer.prompt.startswith(f"{BEGIN}{USER}Be brief.\n\n")
    assert answer.prompt == direct.prompt
    # The same seed gives the same text only for the same prompt and parameters.
    assert re.sub(r"\s+", "", answer.reasoning) == re.sub(r"\s+", "", direct.reasoning)
    assert re.sub(r"\s+", "", answer.content) == re.sub(r"\s+", "", direct.content)
    assert answer.headers is not None
    assert answer.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert "x-prompt-policy" not in (direct.headers or {})


@WHOLE_AND_STREAMED
def test_a_request_without_the_key_reaches_no_policy(server: Server, stream: bool) -> None:
    answer = request_answer(f"{server.root}/v1", {"model": MODEL, **REQUEST}, stream=stream, key="wrong")

    assert answer.status == 401
    assert answer.headers is not None
    assert [name for name in answer.headers if name.lower().startswith("x-prompt-policy")] == []


@WHOLE_AND_STREAMED
def test_the_doctor_sees_that_the_plugin_acts(server: Server, policies: Path, stream: bool) -> None:
    expected = load(policies / "deepseek-r1-distill.yaml")
    found = examine_server(
        DoctorOptions(server.root, model=MODEL, key=KEY, stream=stream, expected=expected, timeout_s=120)
    )
    assert (found.verdict.name, found.verdict.exit_code) == ("acts", 0)


def test_the_log_names_the_plugin_and_the_policies(server: Server) -> None:
    log = Instance(server.name, {"XDG_STATE_HOME": str(server.home)}).log.read_text()
    assert "Loaded endpoint plugin prompt_policy" in log
    assert "in-process policies: " in log


def test_the_plugin_is_inside_the_check_of_the_key(vllm_apps: dict[str, AppReport]) -> None:
    order = vllm_apps["plugin"].middlewares  # the outermost first
    assert order.count("PolicyMiddleware") == 1
    assert order.index("AuthenticationMiddleware") < order.index("PolicyMiddleware")


def test_with_the_option_the_plugin_adds_nothing(vllm_apps: dict[str, AppReport]) -> None:
    found = vllm_apps["both"]
    assert found.middlewares.count("PolicyMiddleware") == 1
    assert found.middlewares[0] == "PolicyMiddleware"
    assert f"--middleware {MIDDLEWARE} is set, too, so the plugin adds nothing" in found.log
