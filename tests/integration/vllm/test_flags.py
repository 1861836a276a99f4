"""The launcher reads the flags of a real vLLM from its source, without importing it."""

from __future__ import annotations

import re
from pathlib import Path

from prompt_policy.launcher.machine.vllm_flags import read_vllm_flags

LOG = Path(__file__).parents[2] / "support" / "vllm_logs" / "badflag.log"


def test_the_source_has_every_flag_of_the_usage(vllm_python: str) -> None:
    (packages,) = Path(vllm_python).parent.parent.glob("lib/python*/site-packages/vllm")
    usage = LOG.read_text().partition("usage:")[2].partition("error: unrecognized")[0]
    flags = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", usage))

    known = read_vllm_flags(packages)

    assert len(flags) > 100
    assert {flag for flag in flags if flag not in known and f"--{flag.removeprefix('--no-')}" not in known} == set()
