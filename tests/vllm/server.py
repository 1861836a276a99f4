"""Real vLLMs, started by the project's own launcher, and what a test asks of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prompt_policy.launcher.instance import Instance
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
}
TIMEOUT_S = 600
LAUNCHER = [sys.executable, "-P", "-m", "prompt_policy.launcher"]


@dataclass(frozen=True)
class Server:
    """A vLLM on its way up. ``ready`` waits for it."""

    root: str
    name: str
    home: Path
    starting: subprocess.Popen[str]

    def ready(self) -> None:
        """Wait until it answers. Fail with the launcher's diagnosis, and the end of the log."""
        out, err = self.starting.communicate(timeout=TIMEOUT_S + 60)
        log = Instance(self.name, {"XDG_STATE_HOME": str(self.home)}).log
        tail = log.read_text(errors="replace")[-6000:] if log.exists() else ""
        assert self.starting.returncode == 0, f"{out}\n{err}\n{tail}"

    def stop(self) -> None:
        """End it."""
        environment = {**os.environ, "XDG_STATE_HOME": str(self.home)}
        subprocess.run([*LAUNCHER, "stop", self.name], env=environment, capture_output=True, check=False, timeout=120)


def started(python: str, model: Path, home: Path, name: str, *words: str, variables: Mapping[str, str]) -> Server:
    """Start a vLLM as users do, by ``vllm start --detach``; it is not ready yet."""
    port = free_port(LOOPBACK)
    command = [*LAUNCHER, "start", "--detach", "--name", name, "--port", str(port), "--python", python, "--no-engine"]
    command += ["--timeout", str(TIMEOUT_S), "--model", str(model), "--max-model-len", "1024", *words]
    environment = {**os.environ, **OFFLINE, **variables, "XDG_STATE_HOME": str(home)}
    for unwanted in ("VLLM_API_KEY", "PROMPT_POLICY_PATH", "PROMPT_POLICY_NAME"):
        if unwanted not in variables:
            environment.pop(unwanted, None)
    starting = subprocess.Popen(
        command, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    return Server(url_of(LOOPBACK, port), name, home, starting)


@dataclass(frozen=True)
class Said:
    """An answer, put together if it came as a stream."""

    status: int
    content: str = ""
    reasoning: str = ""
    headers: Mapping[str, str] | None = None
    prompt_ids: Sequence[int] = ()
    usage: Mapping[str, Any] | None = None
    error: str = ""


def ask(base: str, body: Mapping[str, Any], *, stream: bool, key: str = "none", path: str = "chat/completions") -> Said:
    """Ask a server for an answer, whole or streamed."""
    sent = {**body, "return_token_ids": True}
    if stream:
        sent |= {"stream": True, "stream_options": {"include_usage": True}}
    try:
        with post(f"{base}/{path}", sent, key) as response:
            data = response.read().decode()
            status, headers = response.status, dict(response.headers.items())
    except urllib.error.HTTPError as error:
        return Said(error.code, error=error.read().decode(), headers=dict(error.headers.items()))
    values = [json.loads(data)]if not stream else [
        json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")
    ]  # fmt: skip
    return _put_together(status, headers, values)


def _put_together(status: int, headers: dict[str, str], values: list[dict[str, Any]]) -> Said:
    errors = [value["error"] for value in values if "error" in value]
    texts = {"content": "", "reasoning": ""}
    for choice in (choice for value in values for choice in value.get("choices", ())):
        piece = choice.get("message") or choice.get("delta") or {"content": choice.get("text")}
        texts["content"] += piece.get("content") or ""
        texts["reasoning"] += piece.get("reasoning") or piece.get("reasoning_content") or ""
    ids = [ids for value in values for ids in [value.get("prompt_token_ids")] if ids]
    usage = [value["usage"] for value in values if value.get("usage")]
    return Said(
        status, **texts, headers=headers, prompt_ids=ids[0] if ids else (), usage=usage[-1] if usage else None,
        error=json.dumps(errors[0]) if errors else "",
    )  # fmt: skip


def post(url: str, body: Mapping[str, Any], key: str = "none") -> Any:
    """Post JSON, past any proxy of the environment."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    )
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120)


def tokens_of(root: str, text: str) -> list[int]:
    """Return the tokens of a text as it stands."""
    with post(f"{root}/tokenize", {"model": "plain", "prompt": text, "add_special_tokens": False}) as response:
        return list(json.loads(response.read())["tokens"])
