"""Count the prompt tokens that vLLM's prefix cache supplies: ``python benchmarks/prefix_cache.py [--turns N]``.

A conversation has a system prompt, and a system message before every second question from the third on. It is sent turn
by turn to a real vLLM on the CPU with a small model of random weights. The chat template is Qwen3.5's, which accepts
one system message at the start. Each row is one way to make the conversation acceptable to the template:
that of vLLM itself, or a rule of the kind ``fold_system``. The answers in the conversation are fixed, so that all rows
send the same texts. vLLM's environment is that of the suite ``engine`` (see CONTRIBUTING.md).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from prompt_policy import Pipeline, Policy
from prompt_policy.wire import Endpoint

ROOT: Final = Path(__file__).parents[1]
NAME: Final = "tiny"
TURNS: Final = 20
SYSTEM_PROMPT: Final = "You are a helpful assistant. Answer in one short sentence."
_QUESTION: Final = "What is the sum of the first ten natural numbers?"
_ANSWER: Final = "Please reason step by step, and put your final answer within \\boxed{}."
_REMINDER: Final = "Answer in one short sentence."
_PATHS: Final[dict[Endpoint, str]] = {"chat": "/v1/chat/completions", "messages": "/v1/messages"}
Body = dict[str, Any]


class Way(NamedTuple):
    """One way to send the conversation: its name, the endpoint, the role of later messages, and the policy's rule."""

    name: str
    endpoint: Endpoint = "chat"
    role: str = "system"
    rule: Mapping[str, Any] | None = None

    def build_requests(self, turns: int) -> Iterator[Body]:
        """Yield the body of each turn's request, as the server receives it."""
        rules = [] if self.rule is None else [{"name": "fold", "kind": "fold_system", **self.rule}]
        pipeline = Pipeline(Policy.model_validate({"version": 1, "name": "fold", "rules": rules}))
        for messages in build_conversation(turns, self.role):
            body: Body = {"model": NAME, "max_tokens": 1, "temperature": 0, "messages": messages}
            if self.endpoint == "messages":
                body |= {"system": SYSTEM_PROMPT, "messages": messages[1:]}
            yield pipeline.apply(body, self.endpoint).body


LATER: Final = {"which": "later", "developer": "system"}
WAYS: Final = (
    Way("vLLM alone, developer messages on chat", role="developer"),
    Way("vLLM alone, system messages on Messages", endpoint="messages"),
    Way("fold_system, which: later, into: first_system", rule={**LATER, "into": "first_system"}),
    Way("fold_system, which: later, into: next_user", rule={**LATER, "into": "next_user"}),
)


def build_conversation(turns: int, role: str) -> Iterator[list[Body]]:
    """Yield the messages of each request: all turns so far, and the next question."""
    messages: list[Body] = [{"role": "system", "content": SYSTEM_PROMPT}]
    for turn in range(1, turns + 1):
        if turn > 2 and turn % 2:
            messages.append({"role": role, "content": f"{_REMINDER} {turn}"})
        messages.append({"role": "user", "content": f"{_QUESTION} {turn}"})
        yield [*messages]
        messages.append({"role": "assistant", "content": f"{_ANSWER} {turn}"})


class TokenCount(NamedTuple):
    """The prompt tokens of a conversation's requests, and those of them that the cache supplied."""

    prompt: int
    cached: int


def count_cached_tokens(root: str, way: Way, turns: int, reset: Callable[[], None]) -> TokenCount:
    """Send a conversation to an empty cache and return the tokens."""
    reset()
    before = read_counters(root)
    for body in way.build_requests(turns):
        _post(root + _PATHS[way.endpoint], body)
    return TokenCount(*(new - old for new, old in zip(read_counters(root), before, strict=True)))


def read_counters(root: str) -> tuple[int, int]:
    """Return how many prompt tokens the engine has looked up in its prefix cache, and how many it has found."""
    lines = _open(urllib.request.Request(f"{root}/metrics")).splitlines()
    names = ("vllm:prefix_cache_queries_total{", "vllm:prefix_cache_hits_total{")
    queries, hits = (sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)) for name in names)
    return int(queries), int(hits)


def _post(url: str, body: Body) -> None:
    _open(urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"}))


def _open(request: urllib.request.Request) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=120) as response:
        return str(response.read().decode())


def format_counts(counts: Mapping[str, TokenCount]) -> str:
    """Return a table with a row for each way."""
    width = max(map(len, counts))
    lines = [f"{'':{width}}  prompt tokens  from the cache  computed"]
    for name, (prompt, cached) in counts.items():
        share = f"{cached / prompt:.1%}" if prompt else "-"
        lines.append(f"{name:{width}}  {prompt:13,}  {cached:6,} {share:>7}  {prompt - cached:8,}")
    return "".join(f"{line}\n" for line in lines)


@contextmanager
def _run_engine(folder: Path) -> Iterator[str]:
    """Run a vLLM and yield its root. Its development mode has the endpoint that empties the cache."""
    sys.path.insert(0, str(ROOT))  # a script finds its own folder, but not that of the tests
    from tests.support import template_archive, vllm_environment, vllm_server

    try:
        python, templates = vllm_environment.ensure_vllm_python(), template_archive.ensure_templates()
    except (vllm_environment.Unavailable, template_archive.TemplatesUnavailable) as error:
        raise SystemExit(f"vLLM's environment or the chat template cannot be fetched: {error}") from None
    model = folder / NAME
    model.mkdir()
    script = ROOT / "tests" / "support" / "make_model.py"
    variables = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([python, str(script), str(model)], check=True, env=variables, capture_output=True)
    shutil.copy(templates / "Qwen3.5-4B.jinja", model / "chat_template.jinja")
    words = ["--served-model-name", NAME, "--", "--enforce-eager", "--enable-prefix-caching"]
    variables = {"VLLM_SERVER_DEV_MODE": "1"}
    server = vllm_server.start_server(python, model, folder, "prefix-cache", *words, variables=variables)
    try:
        server.wait_until_ready()
        yield server.root
    finally:
        server.stop()


def main() -> int:
    """Measure each way and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=TURNS, help=f"questions in the conversation; default: {TURNS}")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _run_engine(Path(folder)) as root:

        def reset() -> None:
            _post(f"{root}/reset_prefix_cache", {})

        counts = {way.name: count_cached_tokens(root, way, options.turns, reset) for way in WAYS}
    sys.stdout.write(json.dumps({name: count._asdict() for name, count in counts.items()}) + "\n" if options.json
                     else format_counts(counts))  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
