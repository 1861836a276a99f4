"""Print the command that would start vLLM."""

from __future__ import annotations

from pathlib import Path

from tests.support.checkpoints import make_checkpoint, make_fake_environment
from tests.unit.launcher.conftest import Shell


def test_the_exact_command_is_printed_and_not_started(shell: Shell, tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.32.0", "torch==2.13.0+cpu")
    model = make_checkpoint(tmp_path / "DeepSeek-R1-Distill-Tiny")

    result = shell.run(
        "command", str(model), "--python", python, "--port", "8123", "--env", "A=1", "--", "--seed", "3", "--x=y z"
    )

    assert result.stdout == (
        f"A=1 {tmp_path}/v/bin/vllm serve {model} --host 127.0.0.1 --port 8123 --reasoning-parser deepseek_r1 "
        "--seed 3 '--x=y z'\n"
    )
    assert result.returncode == 0
    assert not (tmp_path / "state").exists()


def test_the_command_line_overrides_the_file(shell: Shell, tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.32.0")
    (tmp_path / "vllm.yaml").write_text(f"model: org/m\nport: 1234\ndtype: half\npython: {python}\nargs: [--seed, 3]\n")

    result = shell.run("command", "-f", "vllm.yaml", "--port", "8123")

    assert result.stdout.endswith("serve org/m --host 127.0.0.1 --port 8123 --dtype half --seed 3\n")


def test_problems_are_printed_with_exit_code_1(shell: Shell, tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.32.0", "torch==2.13.0+cpu")

    result = shell.run("command", str(make_checkpoint(tmp_path / "m")), "--python", python, "--quantization", "awq")

    assert result.returncode == 1
    assert "--quantization awq" in result.stderr
    assert "--quantization awq" in result.stdout
