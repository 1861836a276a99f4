"""Ray Serve LLM's app with policies: what the builder checks, and how it changes the ingress."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import LoadError, PolicySet, UsageError
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.ray import build_app, build_openai_app
from tests.support.fake_asgi_app import call_app
from tests.support.fake_ray import FakeDeployment, FakeKeyMiddleware, install_fake_ray
from tests.support.policies import policy_of

MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
POLICY = "version: 1\nname: no\napplies_to: {models: ['*']}\nrules: [{name: no, kind: reject, message: no tools}]\n"


@pytest.fixture(autouse=True)
def _ray(monkeypatch: pytest.MonkeyPatch) -> None:
    install_fake_ray(monkeypatch, {"num_cpus": 0, "runtime_env": {"env_vars": {"PROMPT_POLICY_PROFILES": "own"}}})


def serve(**engine: Any) -> dict[str, Any]:
    return {"llm_configs": [{"model_id": MODEL, "engine_kwargs": engine}]}


def find_deployment(args: Any, *arguments: Any, **keywords: Any) -> FakeDeployment:
    application: Any = build_app(args, *arguments, **keywords)
    return application.deployment  # type: ignore[no-any-return]  # of the stand-in


def read_settings(deployment: FakeDeployment) -> dict[str, Any]:
    """Return the settings of the innermost middleware of a replica."""
    innermost = deployment.start_replica().app.user_middleware[-1]
    assert innermost.cls is PolicyMiddleware
    return dict(innermost.kwargs)


def test_import_does_not_import_ray() -> None:
    code = "import sys, prompt_policy.ray; print('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_middleware_is_inside_those_of_ray() -> None:
    replica = find_deployment(serve()).start_replica()
    assert [middleware.cls for middleware in replica.app.user_middleware] == [FakeKeyMiddleware, PolicyMiddleware]
    assert replica.llm_deployments == [MODEL]
    assert type(replica).__name__ == "FakeIngress"


def test_a_replica_enforces_the_policies() -> None:
    policies = PolicySet([policy_of({"kind": "reject", "message": "no"}, applies_to={"models": ["*"]})])
    app = find_deployment(serve(), policies).start_replica().app
    del app.user_middleware[0]  # the stand-in for Ray's own middleware answers nothing
    body = json.dumps({"model": MODEL, "messages": []}).encode()
    answer = asyncio.run(call_app(app, [body], path="/v1/chat/completions", method="POST", headers=[]))
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, "policy_violation")


def test_a_path_is_valid_in_another_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPT_POLICY_PATH", "no.yaml:deepseek-r1")
    assert read_settings(find_deployment(serve(), "no.yaml"))["policy"] == str(tmp_path / "no.yaml")
    variables = find_deployment(serve()).ray_actor_options["runtime_env"]["env_vars"]
    assert variables["PROMPT_POLICY_PATH"] == f"{tmp_path / 'no.yaml'}:deepseek-r1"


def test_variables_of_this_process_reach_the_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_POLICY_THINKING", "off")
    monkeypatch.setenv("PROMPT_POLICY_PROFILES", "evaluation")
    options = find_deployment(serve()).ray_actor_options
    assert options["num_cpus"] == 0
    assert options["runtime_env"]["env_vars"].items() >= {
        "PROMPT_POLICY_THINKING": "off", "PROMPT_POLICY_PROFILES": "own"
    }.items()  # fmt: skip


def test_options_of_the_ingress_stay_without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    install_fake_ray(monkeypatch, {"num_cpus": 1})
    assert find_deployment(serve()).ray_actor_options == {"num_cpus": 1}


@pytest.mark.parametrize(
    ("engine", "keywords", "expected"),
    [
        ({}, {}, False),
        ({"reasoning_parser": "deepseek_r1"}, {}, True),
        ({"reasoning_parser": "deepseek_r1"}, {"reasoning_parser": False}, False),
    ],
)
def test_the_reasoning_parser_is_that_of_the_engine(
    engine: dict[str, Any], keywords: dict[str, Any], expected: bool
) -> None:
    assert read_settings(find_deployment(serve(**engine), **keywords))["reasoning_parser"] is expected


def test_the_environment_overrides_the_reasoning_parser_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_POLICY_REASONING_PARSER", "0")
    settings = read_settings(find_deployment(serve(reasoning_parser="deepseek_r1")))
    assert settings["reasoning_parser"] is None


def test_models_with_and_without_a_reasoning_parser_need_a_setting() -> None:
    args = {"llm_configs": [
        {"model_id": MODEL, "engine_kwargs": {"reasoning_parser": "deepseek_r1", "max_model_len": 4096}},
        {"model_id": "other", "engine_kwargs": {"max_model_len": 8192}},
    ]}  # fmt: skip
    with pytest.raises(UsageError, match="build one app for each kind, or set reasoning_parser"):
        build_app(args)
    assert read_settings(find_deployment(args, reasoning_parser=True))["max_model_len"] is None


def test_the_context_length_is_that_of_the_engine() -> None:
    assert read_settings(find_deployment(serve(max_model_len=4096)))["max_model_len"] == 4096


def test_a_middleware_of_the_engine_without_effect_is_an_error() -> None:
    with pytest.raises(UsageError, match=rf"engine_kwargs.middleware of model '{MODEL}' has no effect.*; remove it"):
        build_openai_app(serve(middleware=["prompt_policy.asgi.PolicyMiddleware"]))


def test_direct_streaming_which_has_no_ingress_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING", "1")
    with pytest.raises(UsageError, match="serves vLLM's own app.*; unset the variable, or call"):
        build_app(serve())


def test_a_missing_ray_is_one_line_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray.serve.llm", None)
    with pytest.raises(UsageError, match=r"Ray Serve LLM cannot be imported \(.*\); install ray\[llm\]"):
        build_app(serve())


def test_invalid_policies_are_reported_before_a_replica_starts(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\nname: bad\nrules: [{name: a, kind: clam}]\n")
    with pytest.raises(LoadError, match="bad.yaml:3"):
        build_app(serve(), tmp_path)


def test_a_model_without_a_policy_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        build_app({"llm_configs": [{"model_id": "nobody"}]})
    assert "model 'nobody': NO policy" in caplog.text
