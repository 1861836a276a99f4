"""Real vLLM servers, started by the project's launcher, and requests to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.launcher.state.instance import Instance
from prompt_policy.net import LOOPBACK, build_url
from tests.support.servers import KEEP_ALIVE_S

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": str(KEEP_ALIVE_S),
    # Several OpenMP threads, bound to all cores, starve a test's client for seconds while they wait for each other.
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
TIMEOUT_S = 600
MAX_MODEL_LEN = 32768
LAUNCHER = [sys.executable, "-P", "-m", "prompt_policy.launcher"]


@dataclass(frozen=True)
class Server:
    """A vLLM that is starting; ``wait_until_ready`` waits for it."""

    root: str
    name: str
    home: Path
    starting: subprocess.Popen[str]

    def wait_until_ready(self) -> None:
        """Wait until it answers. On failure, show the launcher's diagnosis and the end of the log."""
        out, err = self.starting.communicate(timeout=TIMEOUT_S + 60)
        log = Instance(self.name, {"XDG_STATE_HOME": str(self.home)}).log
        tail = log.read_text(errors="replace")[-6000:] if log.exists() else ""
        assert self.starting.returncode == 0, f"{out}\n{err}\n{tail}"

    def stop(self) -> None:
        """Stop it."""
        environment = {**os.environ, "XDG_STATE_HOME": str(self.home)}
        subprocess.run([*LAUNCHER, "stop", self.name], env=environment, capture_output=True, check=False, timeout=120)


def start_server(
    python: str,
    model: Path,
    home: Path,
    name: str,
    *words: str,
    variables: Mapping[str, str],
    max_model_len: int = MAX_MODEL_LEN,
) -> Server:
    """Start a vLLM with ``vllm start --detach``, without waiting until it is ready."""
    port = find_free_port(LOOPBACK)
    command = [*LAUNCHER, "start", "--detach", "--name", name, "--port", str(port), "--python", python, "--no-engine"]
    command += ["--timeout", str(TIMEOUT_S), "--model", str(model), "--max-model-len", str(max_model_len), *words]
    environment = {**os.environ, **OFFLINE, **variables, "XDG_STATE_HOME": str(home)}
    for variable in ("VLLM_API_KEY", "PROMPT_POLICY_PATH", "PROMPT_POLICY_NAME"):
        if variable not in variables:
            environment.pop(variable, None)
    starting = subprocess.Popen(
        command, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    return Server(build_url(LOOPBACK, port), name, home, starting)


@dataclass(frozen=True)
class VllmAnswer:
    """An answer, assembled if it was streamed."""

    status: int
    content: str = ""
    reasoning: str = ""
    headers: Mapping[str, str] | None = None
    prompt: str = ""
    usage: Mapping[str, Any] | None = None
    error: str = ""


def request_answer(
    base: str, body: Mapping[str, Any], *, stream: bool, key: str = "none", path: str = "chat/completions"
) -> VllmAnswer:
    """Request an answer, whole or streamed."""
    request_body = {**body, "return_prompt_text": True}
    if stream:
        request_body |= {"stream": True, "stream_options": {"include_usage": True}}
    try:
        with post(f"{base}/{path}", request_body, key) as response:
            data = response.read().decode()
            status, headers = response.status, dict(response.headers.items())
    except urllib.error.HTTPError as error:
        return VllmAnswer(error.code, error=error.read().decode(), headers=dict(error.headers.items()))
    values = [json.loads(data)] if not stream else [
        json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")
    ]  # fmt: skip
    return _assemble(status, headers, values)


def _assemble(status: int, headers: dict[str, str], values: list[dict[str, Any]]) -> VllmAnswer:
    errors = [value["error"] for value in values if "error" in value]
    texts = {"content": "", "reasoning": ""}
    for choice in (choice for value in values for choice in value.get("choices", ())):
        piece = choice.get("message") or choice.get("delta") or {"content": choice.get("text")}
        texts["content"] += piece.get("content") or ""
        texts["reasoning"] += piece.get("reasoning") or piece.get("reasoning_content") or ""
    prompts = [prompt for value in values for prompt in [value.get("prompt_text")] if prompt]
    usage = [value["usage"] for value in values if value.get("usage")]
    return VllmAnswer(
        status, **texts, headers=headers, prompt=prompts[0] if prompts else "", usage=usage[-1] if usage else None,
        error=json.dumps(errors[0]) if errors else "",
    )  # fmt: skip


def post(url: str, body: Mapping[str, Any], key: str = "none") -> Any:
    """Send JSON by POST, ignoring the proxy settings of the environment."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    )
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120)


def tokenize(root: str, text: str) -> list[int]:
    """Return the tokens of a text, without special tokens."""
    with post(f"{root}/tokenize", {"model": "plain", "prompt": text, "add_special_tokens": False}) as response:
        return list(json.loads(response.read())["tokens"])
