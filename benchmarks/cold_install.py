"""Measure the way from a wheel to the first answer: ``python benchmarks/cold_install.py [--cached] [--wheel FILE]``.

It builds the wheel, creates a virtual environment, installs the wheel with LiteLLM into it, starts ``prompt-policy up``
with its echo server, and sends a request. The answer must name the policy that changed the request. pip downloads every
package, unless ``--cached`` lets it use the cache of earlier runs; then the time does not depend on the network.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
EXTRA: Final = "litellm"
HEADERS: Final = ("x-prompt-policy", "x-prompt-policy-applied", "x-prompt-policy-changed")
_MODEL: Final = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"
_BODY: Final = {"model": _MODEL, "messages": [{"role": "user", "content": "What is 7 * 6?"}], "temperature": 1.3}
_READY: Final = "ready: "


class Stopwatch:
    """The seconds that each stage took, in order."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}

    def run(self, stage: str, work: Callable[[], Any]) -> Any:
        """Return the result of a function, and record its time."""
        begun = time.perf_counter()
        result = work()
        self.stages[stage] = time.perf_counter() - begun
        return result

    def format(self) -> Iterator[str]:
        """Yield one line for each stage, and one for their sum."""
        for stage, seconds in {**self.stages, "in all": sum(self.stages.values())}.items():
            yield f"{stage:<44}{seconds:>8.1f} s\n"


def main() -> int:
    """Measure and print; raise CalledProcessError or OSError if a stage fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cached", action="store_true", help="let pip use its cache of downloads")
    parser.add_argument("--wheel", type=Path, metavar="FILE", help="the wheel to install; default: build it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wheel = options.wheel or build_wheel(folder)
        stopwatch = Stopwatch()
        measure_install(wheel.resolve(), folder / "venv", [] if options.cached else ["--no-cache-dir"], stopwatch)
        headers = measure_first_answer(folder / "venv", folder, stopwatch)
        megabytes = sum(path.lstat().st_size for path in (folder / "venv").rglob("*") if not path.is_dir()) / 1e6
    sys.stdout.write(f"python {sys.version.split()[0]}, {os.cpu_count()} cores, wheel {wheel.name}\n")
    sys.stdout.writelines(stopwatch.format())
    sys.stdout.write(f"size of the environment: {megabytes:,.0f} MB\n")
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in headers.items())
    return 0


def build_wheel(folder: Path) -> Path:
    """Return a wheel of this checkout."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def measure_install(wheel: Path, folder: Path, options: list[str], stopwatch: Stopwatch) -> None:
    """Create an environment, and install the wheel into it with pip."""
    stopwatch.run("create a virtual environment", lambda: venv.create(folder, with_pip=True))
    command = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *options]
    install = [*command, f"{wheel}[{EXTRA}]"]
    stopwatch.run(f"pip install 'prompt-policy[{EXTRA}]'", lambda: subprocess.run(install, check=True))


def measure_first_answer(folder: Path, home: Path, stopwatch: Stopwatch) -> dict[str, str]:
    """Start the proxy and request the first answer; return its headers. Raise RuntimeError if no policy acted."""
    key = f"sk-{secrets.token_urlsafe(32)}"
    stage = "prompt-policy up, until it is ready"
    with _start_proxy(folder, home, key) as process:
        base = stopwatch.run(stage, lambda: _await_ready(process))
        return dict(stopwatch.run("the first answer", lambda: request_headers(base, key)))


@contextmanager
def _start_proxy(folder: Path, home: Path, key: str) -> Iterator[subprocess.Popen[str]]:
    settings = {"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    environment = {"PATH": os.defpath, "HOME": str(home), **settings}
    command = [str(folder / "bin" / "prompt-policy"), "up", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=home, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _await_ready(process: subprocess.Popen[str]) -> str:
    """Return the URL that the proxy announces."""
    for line in process.stdout or ():
        if line.startswith(_READY):
            return line.removeprefix(_READY).strip()
    raise RuntimeError(f"prompt-policy up ended with status {process.wait()}")


def request_headers(base: str, key: str) -> dict[str, str]:
    """Send a request, and return the headers that name the policy. Raise RuntimeError if there are none."""
    request = urllib.request.Request(
        f"{base}/chat/completions",
        json.dumps(_BODY).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with without_proxy.open(request, timeout=120) as response:
        headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
    if set(headers) != set(HEADERS):
        raise RuntimeError(f"no policy changed the request; the response has the headers {sorted(headers)}")
    return headers


if __name__ == "__main__":
    sys.exit(main())
