"""Every host in front of the broken backend, each with a control that has no policy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.openai import wrap
from tests.resilience.outcome import Client, Outcome, leave_stream, send_request
from tests.support.broken_backend import BrokenBackend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy
from tests.support.relay import Relay
from tests.support.servers import serve_app_in_thread

NAMES = ("wrap", "wrap-async", "asgi", "litellm")
POLICY = """version: 1
name: {name}
applies_to: {{models: ["{name}-*"]}}
rules:
  - {{name: cool, kind: clamp, parameters: {{temperature: {{max: {maximum}}}}}}}
  - {{name: say, kind: append_suffix, text: "{name} says so."}}
  - {{name: start, kind: force_opening, text: "<{name}>"}}
  - {{name: tidy, kind: filter_whitespace, leading: strip, trailing: keep, max_blank_lines: 1}}
"""


def write_policies(folder: Path) -> Path:
    """Write two policies into a folder, for the models ``faulty-*`` and ``other-*``."""
    folder.mkdir(exist_ok=True)
    for name, maximum in (("faulty", 0.7), ("other", 0.5)):
        (folder / f"{name}.yaml").write_text(POLICY.format(name=name, maximum=maximum))
    return folder


class Side:
    """A client with its event loop."""

    def __init__(self, client: Client) -> None:
        self.client = client
        # With a factory the loop is not the thread's current one, which pytest-asyncio 0.25 closes after its tests.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def send(self, model: str, *, stream: bool = False, **options: Any) -> Outcome:
        """Send a request and return its outcome."""
        return self._runner.run(send_request(self.client, model, stream=stream, **options))

    def leave(self, model: str) -> str:
        """Request a stream, close it before its end, and return the text read until then."""
        return self._runner.run(leave_stream(self.client, model))

    def close(self) -> None:
        """Close the client and its loop."""
        with self._runner:
            self._runner.run(_close(self.client))


async def _close(client: Client) -> None:
    if (closing_client := client.close()) is not None:
        await closing_client


@dataclass
class Host:
    """A host with a policy, and the same without. ``relays`` are the requests in progress inside an ASGI app."""

    name: str
    enforced: Side
    control: Side
    relays: set[asyncio.Task[None]] | None = None

    def send_to_both(self, model: str, **options: Any) -> tuple[Outcome, Outcome]:
        """Send a request without and with the policy; check the policy's name in the response."""
        with ThreadPoolExecutor() as pool:
            sides = [pool.submit(side.send, model, **options) for side in (self.control, self.enforced)]
        control, enforced = (side.result() for side in sides)
        assert (control.policy, enforced.policy or "faulty") == ("", "faulty")
        assert enforced.policy or enforced.status != 200
        return control, enforced


@dataclass
class Proxies:
    """A LiteLLM proxy with the callback, one without, and if requested one with two workers, which may be starting."""

    enforced: Proxy
    control: Proxy
    workers: Future[Proxy] | None = None


def build_config(backend: BrokenBackend, folder: Path | None, **settings: Any) -> dict[str, Any]:
    """Return a LiteLLM configuration, with the callback if there is a folder of policies."""
    callback_settings = {"callback_settings": {"prompt_policy": {"path": str(folder)}}} if folder else {}
    callbacks = {"callbacks": ["prompt_policy.litellm.callback"]} if folder else {}
    return {
        "model_list": [
            _deployment("*", "*", backend.url),
            _deployment("faulty-refused", "faulty-refused", backend.refusing_url),
            *(_deployment(f"impatient-{name}", f"faulty-{name}", backend.url, **SHORT_TIMEOUTS) for name in STALLING),
            *(_deployment(f"{name}-to-{to}", f"faulty-{name}", backend.url) for name in FAILING for to in OTHERS),
        ],
        "litellm_settings": {"num_retries": 0, **callbacks, **settings},
        "router_settings": {
            "fallbacks": [{f"{name}-to-{to}": [f"{to}-good"]} for name in FAILING for to in OTHERS],
            "disable_cooldowns": True,
        },
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        **callback_settings,
    }


SHORT_TIMEOUTS = {"timeout": 1, "stream_timeout": 1}
STALLING = ("stalls", "stalls-midway")
FAILING = ("resets-at-once", "resets-after-head", "resets-after-role", "resets-midway")
OTHERS = ("other", "plain")
# A worker answers no health check while it starts, and by default uvicorn kills it after 5 seconds. (For as long,
# uvicorn does not notice that a worker was killed during a health check.)
WORKER_OPTIONS = ("--num_workers", "2", "--timeout_worker_healthcheck", "60")


def _deployment(alias: str, model: str, url: str, **parameters: Any) -> dict[str, Any]:
    litellm_params = {"model": f"hosted_vllm/{model}", "api_base": url, "api_key": "none", **parameters}
    return {"model_name": alias, "litellm_params": litellm_params}


@contextmanager
def run_proxies(
    backend: BrokenBackend, folder: Path, create_folder: Callable[[str], Path], *, with_workers: bool
) -> Iterator[Proxies]:
    """Run the proxies. The first two start at the same time, the third during their tests."""
    with_callback, without = build_config(backend, folder), build_config(backend, None)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:

        def start(settings: dict[str, Any], name: str, *arguments: str) -> Future[Proxy]:
            return pool.submit(stack.enter_context, run_proxy(settings, create_folder(name), *arguments))

        starting = (start(with_callback, "enforced"), start(without, "control"))
        enforced, control = (future.result() for future in starting)
        workers = start(with_callback, "workers", *WORKER_OPTIONS) if with_workers else None
        try:
            yield Proxies(enforced, control, workers)
        finally:
            if workers is not None:
                workers.exception()


def build_client(url: str, kind: type[Client] = openai.OpenAI, **options: Any) -> Client:
    """Return a client of the real SDK for a server."""
    return kind(base_url=url, api_key=KEY, **{"max_retries": 0, "timeout": 60, **options})


@contextmanager
def build_host(name: str, url: str, folder: Path, proxies: Proxies) -> Iterator[Host]:
    """Build a host by its name, in front of a backend; the proxies already have theirs."""
    app = Relay(url)
    with ExitStack() as stack:
        if name == "asgi":
            urls = [
                f"{stack.enter_context(serve_app_in_thread(each))}/v1" for each in (PolicyMiddleware(app, folder), app)
            ]
        elif name == "litellm":
            urls = [f"{each.url}/v1" for each in (proxies.enforced, proxies.control)]
        else:
            urls = [url, url]
        enforced, control = (
            build_client(url, openai.AsyncOpenAI if "async" in name else openai.OpenAI) for url in urls
        )
        if name.startswith("wrap"):
            enforced = wrap(enforced, folder)
        with_policy, without = (stack.enter_context(closing(Side(client))) for client in (enforced, control))
        yield Host(name, with_policy, without, app.tasks if name == "asgi" else None)
