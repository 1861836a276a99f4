"""The files in deploy/, checked with the tools that read them, and with the environment of LiteLLM's image.

``.ci/run deploy`` installs the tools beside its interpreter and names the environment in PROMPT_POLICY_TEST_IMAGE.
Without it these tests are not collected; with it, a tool that is missing is a failure.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompt_policy.proxy.echo.server import create_app
from tests.integration.deploy.image import Image, ImageProxy, run_image_proxy
from tests.support.servers import serve_app_in_thread

ENVIRONMENT_VARIABLE = "PROMPT_POLICY_TEST_IMAGE"
BACKEND_KEY = "a-key-of-the-engine-for-these-tests-only"

collect_ignore_glob = [] if os.environ.get(ENVIRONMENT_VARIABLE) else ["test_*.py"]


@pytest.fixture(scope="session")
def bare_image() -> Image:
    """LiteLLM's environment as in its image, before the Dockerfile's steps."""
    return Image(Path(os.environ[ENVIRONMENT_VARIABLE]))


@pytest.fixture(scope="session")
def image(bare_image: Image, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The environment after the steps of ``litellm.Dockerfile``."""
    bare_image.run_steps("litellm.Dockerfile", tmp_path_factory.mktemp("context"))
    return bare_image


@pytest.fixture(scope="session")
def proxy(image: Image) -> Iterator[ImageProxy]:
    """LiteLLM with the configuration and the policies of ``compose.yaml``, as a user who cannot write to the image."""
    backend = create_app(reasoning_parser=True, api_key=BACKEND_KEY)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_app_in_thread(backend) as url,
        run_image_proxy(image, Path(folder), {"VLLM_API_BASE": f"{url}/v1", "VLLM_API_KEY": BACKEND_KEY}) as started,
    ):
        yield started
