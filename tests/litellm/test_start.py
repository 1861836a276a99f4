"""The start in a proxy; see tests/e2e for the start of a real one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litellm
import pytest

import prompt_policy.litellm
from prompt_policy.litellm.start import make_callback


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    given: dict[str, Any] = {}
    monkeypatch.setattr(litellm, "callback_settings", {"prompt_policy": given})
    monkeypatch.delenv("PROMPT_POLICY_PATH", raising=False)
    yield given
    logging.getLogger("prompt_policy").handlers.clear()


def names() -> set[str]:
    return {policy.name for policy in make_callback().binding.policies.policies}


def test_without_settings_the_shipped_library_is_loaded(settings: dict[str, Any]) -> None:
    assert "deepseek-r1-distill" in names()


def test_the_settings_name_one_path_or_several(settings: dict[str, Any]) -> None:
    settings["path"] = "deepseek-r1"
    assert names() == {"deepseek-r1"}
    settings["path"] = ["deepseek-r1", "deepseek-r1-0528"]
    assert names() == {"deepseek-r1", "deepseek-r1-0528"}


def test_the_environment_names_paths_where_the_settings_do_not(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_POLICY_PATH", "deepseek-r1:deepseek-r1-0528")
    assert names() == {"deepseek-r1", "deepseek-r1-0528"}
    settings["path"] = "deepseek-r1-distill"
    assert names() == {"deepseek-r1-distill"}


def test_a_relative_path_is_the_config_files(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litellm.proxy import proxy_server

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("version: 1\nname: mine\nrules: []\n")
    monkeypatch.setattr(proxy_server, "user_config_file_path", str(tmp_path / "config.yaml"))
    settings["path"] = "mine"
    assert names() == {"mine"}


@pytest.mark.parametrize("wrong", [{"pth": "x"}, {"path": 3}, {"path": [3]}, {"path": ["gone"]}, {"path": ""}])
def test_what_cannot_be_used_stops_the_start(
    settings: dict[str, Any], wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr("atexit.register", told.append)
    monkeypatch.setattr("sys.tracebacklimit", None, raising=False)
    settings.update(wrong)
    with pytest.raises(RuntimeError, match="the policies cannot be used"):
        make_callback()
    assert len(told) == 1


def test_the_package_has_no_other_lazy_names() -> None:
    with pytest.raises(AttributeError):
        prompt_policy.litellm.callbak  # noqa: B018 - the typo is the test


def test_the_callback_is_made_once(settings: dict[str, Any]) -> None:
    assert prompt_policy.litellm.callback is prompt_policy.litellm.callback
    vars(prompt_policy.litellm).pop("callback")


@pytest.mark.parametrize(
    ("version", "level"), [("1.97.2", logging.WARNING), ("2.0.0", logging.WARNING), ("1.999.0", logging.INFO)]
)
def test_a_litellm_that_was_not_tested_is_told_in_one_line(
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

    make_callback()

    told = [record for record in caplog.records if f"LiteLLM {version}" in record.getMessage()]
    assert [record.levelno for record in told] == [level]
    assert "tested with 1.98.0 to 1.108.7" in told[0].getMessage()
