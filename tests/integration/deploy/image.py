"""LiteLLM's image without a container: an environment of uv without pip, and a user without rights.

No image can be pulled here. The steps of the Dockerfiles are run as they are written, with the folders of this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK

ROOT: Final = Path(__file__).parents[3]
DEPLOY: Final = ROOT / "deploy"
USER: Final = 65532
"""The user that compose.yaml and the manifests set."""
KEY: Final = "sk-a-key-for-these-tests-only-0123456789"
START_TIMEOUT_S: Final = 180


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, with its continued lines."""

    name: str
    text: str


def read_dockerfile(path: Path) -> list[Instruction]:
    """Return the instructions of a Dockerfile."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(" ", 1)) for line in joined.splitlines() if line]


def copy_context(folder: Path) -> None:
    """Copy what ``.dockerignore`` lets into a build."""
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source = ROOT / line[1:]
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / line[1:])


@dataclass(frozen=True)
class Image:
    """A virtual environment in the place of /app/.venv."""

    folder: Path

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command with the environment's programs first in PATH."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=check, timeout=300
        )

    def run_steps(self, dockerfile: str, context: Path) -> None:
        """Run the RUN instructions of a file in deploy/images, with /src and /app/.venv in their places."""
        copy_context(context)
        for instruction in read_dockerfile(DEPLOY / "images" / dockerfile):
            if instruction.name == "RUN":
                command = re.sub(r"--mount=\S+ ", "", instruction.text)
                command = command.replace("/app/.venv", str(self.folder)).replace("/src", str(context))
                command = command.replace("--system", f"--python {self.folder}/bin/python3")
                done = self.run("bash", "-ec", command, check=False)
                assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@dataclass(frozen=True)
class ImageProxy:
    """A running proxy, and the folder where its policies are mounted."""

    url: str
    mount: ConfigMapMount
    log_file: Path
    environment: Mapping[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def user(self) -> int:
        """The user as whom it runs."""
        return Path(f"/proc/{self.process.pid}").stat().st_uid

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self.log_file.read_text(errors="replace")


class ConfigMapMount:
    """A folder that is written as the kubelet writes a mounted ConfigMap: links to links, swapped at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._version = 0

    def write(self, files: Mapping[str, str]) -> None:
        """Replace all files."""
        self._version += 1
        data = self.folder / f"..version_{self._version}"
        data.mkdir(parents=True)
        for name, text in files.items():
            (data / name).write_text(text)
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(Path("..data") / name)
        swapped = self.folder / "..data_tmp"
        swapped.symlink_to(data.name)
        swapped.rename(self.folder / "..data")


def read_example_policies() -> dict[str, str]:
    """Return the policy files that the examples enforce."""
    return {path.name: path.read_text() for path in (DEPLOY / "kubernetes/hot-reload/policies").iterdir()}


def _restrict(command: list[str]) -> list[str]:
    """Return the command as a user who may write nothing.

    The user may read everything: an interpreter below the home of root is as closed as one in an image is not.
    """
    if os.geteuid() != 0:
        return command
    read = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *read, *command]


@contextmanager
def run_image_proxy(image: Image, folder: Path, settings: Mapping[str, str]) -> Iterator[ImageProxy]:
    """Run the proxy of an image until the block ends, as ``compose.yaml`` and the manifests start it."""
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    mount = ConfigMapMount(folder / "policies")
    mount.write(read_example_policies())
    config = (DEPLOY / "compose/litellm.yaml").read_text().replace("/etc/prompt-policy", str(mount.folder))
    (folder / "config.yaml").write_text(config)
    port = find_free_port(LOOPBACK)
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(home), "LITELLM_MASTER_KEY": KEY, "NO_COLOR": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONDONTWRITEBYTECODE": "1", **settings,
    }  # fmt: skip
    command = [str(image.folder / "bin/litellm"), "--config", str(folder / "config.yaml"), "--port", str(port)]
    log_file = folder / "proxy.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            _restrict([*command, "--host", LOOPBACK]), cwd=home, env=environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        started = ImageProxy(f"http://{LOOPBACK}:{port}", mount, log_file, environment, process)
        _wait_until_ready(started)
        yield started
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def _wait_until_ready(proxy: ImageProxy) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and proxy.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{proxy.url}/health/readiness", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the proxy does not answer:\n{proxy.log[-4000:]}")
