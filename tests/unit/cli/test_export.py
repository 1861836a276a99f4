"""``prompt-policy export``."""

from __future__ import annotations

import yaml

from tests.support.cli import run


def test_the_configuration_names_policy_and_backend() -> None:
    done = run(
        "export", "deepseek-r1", "--backend", "http://127.0.0.1:8000", "--model", "r1", "--model", "r1-awq",
        "--reasoning-parser",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    config = yaml.safe_load(done.stdout)
    assert [row["model_name"] for row in config["model_list"]] == ["r1", "r1-awq"]
    assert config["model_list"][0]["litellm_params"]["api_base"] == "http://127.0.0.1:8000/v1"
    assert config["model_list"][0]["model_info"] == {
        "prompt_policy": "deepseek-r1",
        "prompt_policy_reasoning_parser": True,
    }
    assert config["litellm_settings"]["callbacks"] == ["prompt_policy.litellm.callback"]
    assert config["callback_settings"]["prompt_policy"]["path"] == ["deepseek-r1"]
    assert "sk-" not in done.stdout


def test_an_invalid_url_is_a_usage_error() -> None:
    done = run("export", "deepseek-r1", "--backend", "localhost:8000", "--model", "r1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected a URL such as" in done.stderr
