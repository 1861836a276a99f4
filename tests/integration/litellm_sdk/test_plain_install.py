"""The callback with plain ``litellm``, without its extra ``proxy``: a program of its own, as users write it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_clients import LITELLM_MARKS
from tests.support.policies import MODEL

PROGRAM = """
import asyncio, sys
for name in sys.argv[3:]:
    sys.modules[name] = None  # an import of it fails
import litellm
from prompt_policy.litellm import callback

async def call(temperature):
    await litellm.acompletion(
        model="hosted_vllm/" + sys.argv[2], api_base=sys.argv[1] + "/v1", api_key="none", temperature=temperature,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    )

litellm.callbacks = [callback]
asyncio.run(call(1.3))
try:
    asyncio.run(call("hot"))
except litellm.BadRequestError as error:
    print(error.code, error.param)
"""
pytestmark = list(LITELLM_MARKS)
OF_THE_PROXY = ("fastapi", "starlette")


@pytest.mark.parametrize(("blocked", "has_path"), [((), False), (OF_THE_PROXY, True)], ids=["installed", "blocked"])
def test_callback_needs_no_part_of_the_proxy(blocked: tuple[str, ...], has_path: bool, tmp_path: Path) -> None:
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    if has_path:
        environment["PROMPT_POLICY_PATH"] = "deepseek-r1-distill"
    with run_backend(FakeBackend()) as backend:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, backend.url, MODEL, *blocked],
            env=environment, capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    (body,) = backend.bodies
    assert (body["temperature"], body["messages"][0]["content"]) == (0.7, "Be brief.\n\nHi")
    assert done.stdout == "policy_violation temperature\n"
    assert "the callback covers only the requests" in done.stderr
