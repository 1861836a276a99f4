"""The configuration of LiteLLM's proxy."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.litellm_config import build_environment, build_litellm_config, write_config

BACKEND = Backend("http://127.0.0.1:8000/v1", ("a/b", "c"), "a secret")


def test_each_model_and_the_wildcard_have_a_deployment() -> None:
    listed = build_litellm_config(BACKEND)["model_list"]

    assert [row["model_name"] for row in listed] == ["a/b", "c", "*"]
    assert [row["litellm_params"]["model"] for row in listed] == ["hosted_vllm/a/b", "hosted_vllm/c", "hosted_vllm/*"]
    assert {row["litellm_params"]["api_base"] for row in listed} == {BACKEND.url}


def test_the_callback_is_listed_once() -> None:
    assert build_litellm_config(BACKEND)["litellm_settings"]["callbacks"] == ["prompt_policy.litellm.callback"]


def test_without_policies_the_callback_has_no_settings() -> None:
    assert "callback_settings" not in build_litellm_config(BACKEND)


def test_policy_paths_are_absolute_and_names_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").touch()
    monkeypatch.chdir(tmp_path)

    config = build_litellm_config(BACKEND, ["mine.yaml", "deepseek-r1"])

    assert config["callback_settings"] == {"prompt_policy": {"path": [str(tmp_path / "mine.yaml"), "deepseek-r1"]}}


def test_a_reasoning_parser_is_set_on_every_deployment() -> None:
    listed = build_litellm_config(BACKEND, reasoning_parser=True)["model_list"]

    assert [row["model_info"] for row in listed] == [{"prompt_policy_reasoning_parser": True}] * 3


def test_the_context_length_is_set_on_every_deployment() -> None:
    listed = build_litellm_config(BACKEND, max_model_len=4096)["model_list"]

    assert [row["model_info"] for row in listed] == [{"prompt_policy_max_model_len": 4096}] * 3


def test_the_file_is_private_and_contains_no_key(tmp_path: Path) -> None:
    config = build_litellm_config(BACKEND)

    file = write_config(config, tmp_path)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert yaml.safe_load(file.read_text()) == config
    assert "a secret" not in file.read_text()


def test_keys_are_passed_in_the_environment() -> None:
    environment = build_environment({"PATH": "/bin"}, master_key="sk-1", backend_key="b")

    assert environment["PATH"] == "/bin"
    assert environment["LITELLM_MASTER_KEY"] == "sk-1"
    assert environment["PROMPT_POLICY_BACKEND_API_KEY"] == "b"


def test_without_a_backend_key_no_other_key_is_sent() -> None:
    assert build_environment({}, master_key="sk-1", backend_key=None)["PROMPT_POLICY_BACKEND_API_KEY"] == "none"


@pytest.mark.parametrize("name", ["DATABASE_URL", "DIRECT_URL", "DEBUG", "PORT", "SSL_KEYFILE_PATH"])
def test_variables_for_other_programs_are_stripped(name: str) -> None:
    assert name not in build_environment({name: "x"}, master_key="sk-1", backend_key=None)


def test_loopback_is_excluded_from_proxies() -> None:
    environment = build_environment({"no_proxy": "example.org"}, master_key="sk-1", backend_key=None)

    assert environment["NO_PROXY"] == "example.org,localhost,127.0.0.1,::1"


def test_a_bound_policy_applies_to_listed_models_only() -> None:
    config = build_litellm_config(Backend("http://127.0.0.1:1/v1", ("m",)), bound="p")

    assert [row.get("model_info") for row in config["model_list"]] == [{"prompt_policy": "p"}, None]


def test_profiles_are_settings_of_the_callback() -> None:
    config = build_litellm_config(BACKEND, profiles=("evaluation",))
    assert config["callback_settings"] == {"prompt_policy": {"profiles": ["evaluation"]}}
