"""The configuration of LiteLLM's proxy."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.config import environment, litellm_config, written

BACKEND = Backend("http://127.0.0.1:8000/v1", ("a/b", "c"), "a secret")


def test_each_model_has_a_deployment_and_other_names_are_passed_on() -> None:
    listed = litellm_config(BACKEND)["model_list"]

    assert [row["model_name"] for row in listed] == ["a/b", "c", "*"]
    assert [row["litellm_params"]["model"] for row in listed] == ["hosted_vllm/a/b", "hosted_vllm/c", "hosted_vllm/*"]
    assert {row["litellm_params"]["api_base"] for row in listed} == {BACKEND.url}


def test_the_callback_is_listed_once() -> None:
    assert litellm_config(BACKEND)["litellm_settings"]["callbacks"] == ["prompt_policy.litellm.callback"]


def test_without_policies_the_callback_has_no_settings() -> None:
    assert "callback_settings" not in litellm_config(BACKEND)


def test_policies_are_given_as_absolute_paths_and_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").touch()
    monkeypatch.chdir(tmp_path)

    config = litellm_config(BACKEND, ["mine.yaml", "deepseek-r1"])

    assert config["callback_settings"] == {"prompt_policy": {"path": [str(tmp_path / "mine.yaml"), "deepseek-r1"]}}


def test_a_known_reasoning_parser_is_noted_on_every_deployment() -> None:
    listed = litellm_config(BACKEND, reasoning_parser=True)["model_list"]

    assert [row["model_info"] for row in listed] == [{"prompt_policy_reasoning_parser": True}] * 3


def test_the_file_is_for_its_owner_only_and_holds_no_key(tmp_path: Path) -> None:
    config = litellm_config(BACKEND)

    file = written(config, tmp_path)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert yaml.safe_load(file.read_text()) == config
    assert "a secret" not in file.read_text()


def test_keys_travel_in_the_environment() -> None:
    made = environment({"PATH": "/bin"}, master_key="sk-1", backend_key="b")

    assert made["PATH"] == "/bin"
    assert made["LITELLM_MASTER_KEY"] == "sk-1"
    assert made["PROMPT_POLICY_BACKEND_API_KEY"] == "b"


def test_without_a_key_for_the_backend_none_is_sent_that_another_one_has() -> None:
    assert environment({}, master_key="sk-1", backend_key=None)["PROMPT_POLICY_BACKEND_API_KEY"] == "none"


@pytest.mark.parametrize("name", ["DATABASE_URL", "DIRECT_URL", "DEBUG", "PORT", "SSL_KEYFILE_PATH"])
def test_variables_for_other_programs_are_not_handed_on(name: str) -> None:
    assert name not in environment({name: "x"}, master_key="sk-1", backend_key=None)


def test_loopback_is_reached_without_the_environments_proxy() -> None:
    made = environment({"no_proxy": "example.org"}, master_key="sk-1", backend_key=None)

    assert made["NO_PROXY"] == "example.org,localhost,127.0.0.1,::1"


def test_a_bound_policy_is_for_the_models_that_are_named() -> None:
    config = litellm_config(Backend("http://127.0.0.1:1/v1", ("m",)), bound="p")

    assert [row.get("model_info") for row in config["model_list"]] == [{"prompt_policy": "p"}, None]
