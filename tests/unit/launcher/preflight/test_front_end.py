"""Check that vLLM's front end runs the policies that its options or variables request."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from prompt_policy.launcher.preflight.front_end import check
from tests.support.checkpoints import make_plan

MIDDLEWARE = ("--middleware", "prompt_policy.asgi.PolicyMiddleware")
RUST = {"VLLM_USE_RUST_FRONTEND": "1"}
PLUGIN = {"VLLM_PLUGINS": "lora_hf_hub_resolver,prompt_policy"}


def find(*args: str, environment: Mapping[str, str], serve: bool = True) -> list[str]:
    """Return the findings for a vLLM whose interpreter is not there, so that its plugins are unknown."""
    return list(check(make_plan("m", args=args, environment=environment, serve=serve)))


def test_the_rust_front_end_runs_no_middleware() -> None:
    assert find(*MIDDLEWARE, environment=RUST) == [
        "VLLM_USE_RUST_FRONTEND=1: vLLM's Rust front end runs no ASGI middleware, so --middleware "
        "prompt_policy.asgi.PolicyMiddleware has no effect; unset VLLM_USE_RUST_FRONTEND, or remove the middleware and "
        "enforce the policies in a LiteLLM proxy, as prompt-policy up --model MODEL does"
    ]


def test_the_grpc_server_runs_no_plugin() -> None:
    assert find("--grpc", environment=PLUGIN) == [
        "--grpc: vLLM's gRPC server runs no ASGI middleware, so VLLM_PLUGINS=prompt_policy has no effect; remove --grpc"
    ]


@pytest.mark.parametrize(
    ("args", "environment", "serve"),
    [
        ((), RUST, True),  # the policies may be enforced in a proxy
        (("--grpc",), {}, True),
        (MIDDLEWARE, {}, True),
        (MIDDLEWARE, {"VLLM_USE_RUST_FRONTEND": "0"}, True),
        (MIDDLEWARE, {"VLLM_USE_RUST_FRONTEND": ""}, True),
        ((*MIDDLEWARE, "--grpc-port", "9"), {}, True),  # vLLM refuses it without the Rust front end
        (MIDDLEWARE, RUST, False),  # only `vllm serve` reads the variable
        ((), {**RUST, "VLLM_PLUGINS": "prompt_policy_of_another_name"}, True),
    ],
)
def test_nothing_is_found(args: tuple[str, ...], environment: dict[str, str], serve: bool) -> None:
    assert find(*args, environment=environment, serve=serve) == []


def test_a_variable_among_the_options_counts() -> None:
    (line,) = check(make_plan("m", args=MIDDLEWARE, env=RUST))
    assert line.startswith("VLLM_USE_RUST_FRONTEND=1")


def declare_plugin(folder: Path, name: str) -> dict[str, str]:
    """Return an environment in which a package declares an endpoint plugin."""
    info = folder / "plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[vllm.endpoint_plugins]\n{name} = no_such_module:Plugin\n")
    return {**PLUGIN, "PYTHONPATH": str(folder)}


@pytest.mark.parametrize(("name", "is_found"), [("prompt_policy", False), ("another", True)])
def test_a_plugin_that_no_package_declares_is_found(tmp_path: Path, name: str, is_found: bool) -> None:
    plan = make_plan("m", environment=declare_plugin(tmp_path, name))
    lines = list(check(replace(plan, installation=replace(plan.installation, python=make_python(tmp_path)))))
    assert [line.split("; ")[1] for line in lines] == ["install prompt-policy there"] * is_found


def make_python(folder: Path) -> str:
    """Return a command that runs this Python without its packages, as vLLM's environment has none of ours."""
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize("name", ["prompt-policy", " prompt_policy", "Prompt_Policy"])
def test_a_misspelt_plugin_is_found(name: str) -> None:
    assert find(environment={"VLLM_PLUGINS": f"lora_hf_hub_resolver,{name}"}) == [
        f"VLLM_PLUGINS: there is no plugin {name!r}, and vLLM would serve without it; write prompt_policy"
    ]


def test_a_vllm_without_endpoint_plugins_is_found(tmp_path: Path) -> None:
    plan = make_plan("m", environment=PLUGIN, version="0.20.0")
    old = replace(plan, installation=replace(plan.installation, python=None, folder=tmp_path))
    assert list(check(old)) == [
        "VLLM_PLUGINS=prompt_policy: vLLM 0.20.0 has no endpoint plugins; upgrade it, or use --middleware "
        "prompt_policy.asgi.PolicyMiddleware"
    ]
    (tmp_path / "plugins" / "endpoint_plugins").mkdir(parents=True)
    assert list(check(old)) == []
