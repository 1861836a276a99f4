"""The plugin for SGLang's server without SGLang. ``tests/integration/sglang`` runs SGLang's own plugin loader."""

from __future__ import annotations

import logging
import multiprocessing
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette

from prompt_policy import UsageError
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.asgi.sglang_plugin import find_uncovered_servers, prepare_server, register_hooks


@pytest.fixture(autouse=True)
def fake_sglang(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The two modules of SGLang that the plugin imports; ``hooks`` are the calls of ``HookRegistry.register``."""
    known = SimpleNamespace(hooks=[], app=Starlette())
    registry = SimpleNamespace(register=lambda *values: known.hooks.append(values))
    for name, content in {
        "sglang.srt.plugins.hook_registry": {"HookRegistry": registry, "HookType": SimpleNamespace(BEFORE="before")},
        "sglang.srt.entrypoints.http_server": {"app": known.app},
    }.items():
        for package in ("sglang", "sglang.srt", name.rpartition(".")[0]):
            monkeypatch.setitem(sys.modules, package, ModuleType(package))
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    for variable in ("SGLANG_PLUGINS", "SGLANG_GRPC_PORT", "SGLANG_RUST_SERVER", "PROMPT_POLICY_REASONING_PARSER"):
        monkeypatch.delenv(variable, raising=False)
    return known


@pytest.mark.parametrize("names", ["prompt_policy", "other, prompt_policy"])
def test_a_named_plugin_registers_its_hooks(
    fake_sglang: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    monkeypatch.setenv("SGLANG_PLUGINS", names)
    register_hooks()
    targets = ["sglang.srt.entrypoints.http_server.launch_server", "sglang.srt.ray.http_server.launch_server"]
    assert fake_sglang.hooks == [(target, prepare_server, "before") for target in targets]


@pytest.mark.parametrize("names", [None, "", "other"])
def test_an_installed_plugin_that_is_not_named_does_nothing(
    fake_sglang: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, names: str | None
) -> None:
    if names is not None:
        monkeypatch.setenv("SGLANG_PLUGINS", names)
    with caplog.at_level(logging.INFO, logger="prompt_policy"):
        register_hooks()
    assert fake_sglang.hooks == []
    assert "set SGLANG_PLUGINS=prompt_policy to enforce policies" in caplog.text


def test_a_scheduler_imports_no_http_server(fake_sglang: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGLANG_PLUGINS", "prompt_policy")
    monkeypatch.setattr(multiprocessing, "parent_process", multiprocessing.current_process)
    register_hooks()
    assert fake_sglang.hooks == []


@pytest.mark.parametrize(("parser", "expected"), [("deepseek-r1", True), (None, False)])
def test_the_server_gets_the_middleware_once(fake_sglang: SimpleNamespace, parser: str | None, expected: bool) -> None:
    arguments = SimpleNamespace(reasoning_parser=parser, tokenizer_worker_num=1, grpc_port=None)
    prepare_server(arguments, launch_callback=None)
    prepare_server(arguments)

    (added,) = fake_sglang.app.user_middleware
    assert added.cls is PolicyMiddleware
    assert added.kwargs == {"reasoning_parser": expected, "backend": "sglang"}


@pytest.mark.parametrize(
    ("arguments", "environment", "subject"),
    [
        ({"tokenizer_worker_num": 2}, {}, "--tokenizer-worker-num"),
        ({"grpc_port": 40000}, {}, "--grpc-port"),
        ({}, {"SGLANG_GRPC_PORT": "40000"}, "--grpc-port"),
        ({}, {"SGLANG_RUST_SERVER": "1"}, "SGLANG_RUST_SERVER"),
    ],
)
def test_a_server_without_the_policies_stops_the_start(
    fake_sglang: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    environment: dict[str, str],
    subject: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=subject):
        prepare_server(SimpleNamespace(**arguments))
    assert fake_sglang.app.user_middleware == []


def test_other_settings_are_accepted() -> None:
    arguments = SimpleNamespace(tokenizer_worker_num=None, grpc_port=None, enable_http2=True)
    assert list(find_uncovered_servers(arguments, {"SGLANG_RUST_SERVER": "0"})) == []
