"""The callback in LiteLLM's SDK, outside the proxy: requests only, and said so."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.e2e.fake_backend import FakeBackend, running
from tests.support import MODEL

PROGRAM = """
import asyncio, sys
import litellm
from prompt_policy.litellm import callback
litellm.callbacks = [callback]
asyncio.run(litellm.acompletion(
    model="hosted_vllm/" + sys.argv[2], api_base=sys.argv[1] + "/v1", api_key="none", temperature=1.3,
    messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
))
"""


def test_requests_are_policed_and_the_limit_is_said() -> None:
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with running(FakeBackend()) as backend:
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM, backend.url, MODEL],
            env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    assert told.returncode == 0, told.stderr
    (body,) = backend.bodies
    assert (body["temperature"], body["messages"][0]["content"]) == (0.7, "Be brief.\n\nHi")
    assert "the callback sees requests only" in told.stderr
