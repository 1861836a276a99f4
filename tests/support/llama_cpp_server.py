"""A real llama.cpp server with real weights; both are packages, installed once outside the checkout."""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url
from prompt_policy.proxy.demo.weights import MODEL_NAME, download_weights
from tests.support.download_cache import find_cache
from tests.support.uv_environment import EnvironmentUnavailable, create_environment
from tests.support.waiting import wait_until

REQUIREMENT: Final = "xllamacpp==2026.10.11549"
_PROGRAM: Final = Path(__file__).with_name("serve_llama_cpp.py")


def ensure_llama_cpp() -> tuple[Path, Path]:
    """Return an interpreter with llama.cpp and a GGUF file, getting both first if necessary.

    Raise EnvironmentUnavailable.
    """
    root = find_cache() / "llama-cpp"
    root.mkdir(parents=True, exist_ok=True)
    environment, weights = root / REQUIREMENT, root / f"{MODEL_NAME}.gguf"
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (environment / "made").exists():
            create_environment(environment, "--only-binary", ":all:", REQUIREMENT)
            (environment / "made").touch()
        if not weights.exists():
            _download_weights(weights)
    return environment / "bin" / "python", weights


def _download_weights(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        try:
            download_weights(Path(scratch)).rename(path)
        except UsageError as error:
            raise EnvironmentUnavailable(str(error)) from None


@contextmanager
def run_llama_cpp(python: Path, weights: Path, log: Path) -> Iterator[str]:
    """Run the server until the block ends; yield its root URL when it has loaded the model."""
    port = find_free_port(LOOPBACK)
    url = build_url(LOOPBACK, port)
    command = [str(python), str(_PROGRAM), str(weights), MODEL_NAME, str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _is_ready(url, process), seconds=120, describe=lambda: log.read_text(errors="replace"))
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the model is loaded; until then the server answers 503. The test fails if its process has ended."""
    assert process.poll() is None, "llama.cpp's server has ended; its log is in the folder of the test"
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
