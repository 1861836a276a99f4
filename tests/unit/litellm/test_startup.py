"""Tests of the start-up; tests/integration/litellm_proxy starts a real proxy."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litellm
import pytest

import prompt_policy.litellm
from prompt_policy.litellm.startup import create_callback


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    given: dict[str, Any] = {}
    monkeypatch.setattr(litellm, "callback_settings", {"prompt_policy": given})
    monkeypatch.delenv("PROMPT_POLICY_PATH", raising=False)
    monkeypatch.delenv("PROMPT_POLICY_PROFILES", raising=False)
    yield given
    logging.getLogger("prompt_policy").handlers.clear()


def load_policy_names() -> set[str]:
    return {policy.name for policy in create_callback().resolver.policies.policies}


def test_shipped_library_is_loaded_without_settings(settings: dict[str, Any]) -> None:
    assert "deepseek-r1-distill" in load_policy_names()


def test_settings_name_one_or_several_paths(settings: dict[str, Any]) -> None:
    settings["path"] = "deepseek-r1"
    assert load_policy_names() == {"deepseek-r1"}
    settings["path"] = ["deepseek-r1", "deepseek-r1-0528"]
    assert load_policy_names() == {"deepseek-r1", "deepseek-r1-0528"}


def test_environment_names_paths_unless_the_settings_do(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_POLICY_PATH", "deepseek-r1:deepseek-r1-0528")
    assert load_policy_names() == {"deepseek-r1", "deepseek-r1-0528"}
    settings["path"] = "deepseek-r1-distill"
    assert load_policy_names() == {"deepseek-r1-distill"}


def test_relative_path_is_resolved_from_the_config_file(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litellm.proxy import proxy_server

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("version: 1\nname: mine\nrules: []\n")
    monkeypatch.setattr(proxy_server, "user_config_file_path", str(tmp_path / "config.yaml"))
    settings["path"] = "mine"
    assert load_policy_names() == {"mine"}


@pytest.mark.parametrize("setting", [None, "evaluation", ["evaluation"]])
def test_profiles_come_from_the_settings_or_the_environment(
    settings: dict[str, Any], setting: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = "{name: a, kind: clamp, profile: evaluation, parameters: {seed: {value: 7}}}"
    (tmp_path / "mine.yaml").write_text(f"version: 1\nname: mine\nrules: [{rule}]\n")
    settings["path"] = str(tmp_path / "mine.yaml")
    assert create_callback().resolver.policies.get("mine").rules[0].profile == "evaluation"
    if setting is None:
        monkeypatch.setenv("PROMPT_POLICY_PROFILES", "other, evaluation")
    else:
        settings["profiles"] = setting
    assert create_callback().resolver.policies.get("mine").rules[0].profile is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"pth": "x"},
        {"path": 3},
        {"path": [3]},
        {"path": ["gone"]},
        {"path": ""},
        {"profiles": 3},
        {"profiles": [""]},
        {"health_checks": "yes"},
        {"health_checks": 1},
        {"health_checks": None},
    ],
)
def test_invalid_settings_abort_the_start(
    settings: dict[str, Any], wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    exit_callbacks: list[Any] = []
    monkeypatch.setattr("atexit.register", exit_callbacks.append)
    monkeypatch.setattr("sys.tracebacklimit", None, raising=False)
    settings.update(wrong)
    with pytest.raises(RuntimeError, match="the policies cannot be used"):
        create_callback()
    assert len(exit_callbacks) == 1


@pytest.mark.parametrize("value", [5, None, [], True, ""])
def test_binding_that_is_not_understood_aborts_the_start(
    settings: dict[str, Any], value: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from litellm.proxy.proxy_server import proxy_config

    exit_callbacks: list[Any] = []
    monkeypatch.setattr("atexit.register", exit_callbacks.append)
    monkeypatch.setattr("sys.tracebacklimit", None, raising=False)
    row = {"model_name": "r1", "litellm_params": {"model": "hosted_vllm/m"}, "model_info": {"prompt_policy": value}}
    monkeypatch.setattr(proxy_config, "config", {"model_list": [row, {**row, "model_name": "r2"}]})
    with pytest.raises(RuntimeError, match="the policies cannot be used"):
        create_callback()
    exit_callbacks[0]()
    _empty, title, first, second = capsys.readouterr().err.splitlines()
    assert title == "prompt-policy:"
    assert first.startswith("deployment r1 (hosted_vllm/m): model_info.prompt_policy is ")
    assert second.startswith("deployment r2 (hosted_vllm/m): model_info.prompt_policy is ")


def test_package_has_no_other_lazy_names() -> None:
    with pytest.raises(AttributeError):
        prompt_policy.litellm.callbak  # noqa: B018 - the typo is the test


def test_callback_is_created_once(settings: dict[str, Any]) -> None:
    assert prompt_policy.litellm.callback is prompt_policy.litellm.callback
    vars(prompt_policy.litellm).pop("callback")


@pytest.mark.parametrize(
    ("version", "level"), [("1.97.2", logging.WARNING), ("2.0.0", logging.WARNING), ("1.999.0", logging.INFO)]
)
def test_untested_litellm_is_logged_in_one_line(
    settings: dict[str, Any],
    version: str,
    level: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    information = tmp_path / f"litellm-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: litellm\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    create_callback()

    exit_callbacks = [record for record in caplog.records if f"LiteLLM {version}" in record.getMessage()]
    assert [record.levelno for record in exit_callbacks] == [level]
    assert "tested with 1.98.0 to 1.108.7" in exit_callbacks[0].getMessage()
