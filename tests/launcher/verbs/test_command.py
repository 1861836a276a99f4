"""Show what would be started."""

from __future__ import annotations

from pathlib import Path

from tests.launcher.conftest import Shell
from tests.launcher.made import checkpoint, fake_environment


def test_the_exact_command_is_printed_and_nothing_started(shell: Shell, tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.32.0", "torch==2.13.0+cpu")
    model = checkpoint(tmp_path / "DeepSeek-R1-Distill-Tiny")

    told = shell.run(
        "command", str(model), "--python", python, "--port", "8123", "--env", "A=1", "--", "--seed", "3", "--x=y z"
    )

    assert told.stdout == (
        f"A=1 {tmp_path}/v/bin/vllm serve {model} --host 127.0.0.1 --port 8123 --reasoning-parser deepseek_r1 "
        "--seed 3 '--x=y z'\n"
    )
    assert told.returncode == 0
    assert not (tmp_path / "state").exists()


def test_the_command_line_goes_before_the_file(shell: Shell, tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.32.0")
    (tmp_path / "vllm.yaml").write_text(f"model: org/m\nport: 1234\ndtype: half\npython: {python}\nargs: [--seed, 3]\n")

    told = shell.run("command", "-f", "vllm.yaml", "--port", "8123")

    assert told.stdout.endswith("serve org/m --host 127.0.0.1 --port 8123 --dtype half --seed 3\n")


def test_what_would_fail_is_told(shell: Shell, tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.32.0", "torch==2.13.0+cpu")

    told = shell.run("command", str(checkpoint(tmp_path / "m")), "--python", python, "--quantization", "awq")

    assert told.returncode == 1
    assert "--quantization awq" in told.stderr
    assert "--quantization awq" in told.stdout
