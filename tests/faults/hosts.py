"""Every host in front of the fake backend, each beside the same thing without our part in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import openai

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.openai import wrap
from tests.e2e.proxy import KEY, Proxy, proxy
from tests.echoes import served
from tests.faults.asking import Client, Outcome, asked, left
from tests.faults.fake_backend import FakeBackend
from tests.faults.relay import Relay

NAMES = ("wrap", "wrap-async", "asgi", "litellm")
POLICY = """version: 1
name: {name}
applies_to: {{models: ["{name}-*"]}}
rules:
  - {{name: cool, kind: clamp, parameters: {{temperature: {{max: {most}}}}}}}
  - {{name: say, kind: append_suffix, text: "{name} says so."}}
  - {{name: start, kind: force_opening, text: "<{name}>"}}
  - {{name: tidy, kind: filter_whitespace, leading: strip, trailing: keep, max_blank_lines: 1}}
"""


def policies(folder: Path) -> Path:
    """Write two policies into a folder, for the models ``faulty-*`` and ``other-*``."""
    folder.mkdir(exist_ok=True)
    for name, most in (("faulty", 0.7), ("other", 0.5)):
        (folder / f"{name}.yaml").write_text(POLICY.format(name=name, most=most))
    return folder


class Side:
    """A client with the event loop that it lives on."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._runner = asyncio.Runner()

    def ask(self, model: str, *, stream: bool = False, **options: Any) -> Outcome:
        """Send a request and return what came of it."""
        return self._runner.run(asked(self.client, model, stream=stream, **options))

    def leave(self, model: str) -> str:
        """Ask for a stream, go away in the midst of it, and return what was read by then."""
        return self._runner.run(left(self.client, model))

    def close(self) -> None:
        """Close the client and its loop."""
        with self._runner:
            self._runner.run(_closed(self.client))


async def _closed(client: Client) -> None:
    if (ending := client.close()) is not None:
        await ending


@dataclass
class Host:
    """One host with a policy, and the same without. ``relays`` are the requests inside an ASGI app."""

    name: str
    policed: Side
    control: Side
    relays: set[asyncio.Task[None]] | None = None

    def ask_both(self, model: str, **options: Any) -> tuple[Outcome, Outcome]:
        """Ask past the policy and through it; what must be told of every answer is checked here."""
        with ThreadPoolExecutor() as pool:
            sides = [pool.submit(side.ask, model, **options) for side in (self.control, self.policed)]
        control, policed = (side.result() for side in sides)
        assert (control.policy, policed.policy or "faulty") == ("", "faulty")
        assert policed.policy or policed.status != 200
        return control, policed


@dataclass
class Proxies:
    """A LiteLLM proxy with the callback, one without, and where it is wanted one of two workers that is starting."""

    policed: Proxy
    control: Proxy
    crew: Future[Proxy] | None = None


def config(backend: FakeBackend, folder: Path | None, **settings: Any) -> dict[str, Any]:
    """Return a LiteLLM configuration; with a folder of policies, the callback's lines are in it."""
    ours = {"callback_settings": {"prompt_policy": {"path": str(folder)}}} if folder else {}
    callbacks = {"callbacks": ["prompt_policy.litellm.callback"]} if folder else {}
    return {
        "model_list": [
            _deployment("*", "*", backend.url),
            _deployment("faulty-refused", "faulty-refused", backend.refusing_url),
            *(_deployment(f"impatient-{name}", f"faulty-{name}", backend.url, **HASTE) for name in STALLING),
            *(_deployment(f"{name}-to-{to}", f"faulty-{name}", backend.url) for name in FAILING for to in OTHERS),
        ],
        "litellm_settings": {"num_retries": 0, **callbacks, **settings},
        "router_settings": {
            "fallbacks": [{f"{name}-to-{to}": [f"{to}-good"]} for name in FAILING for to in OTHERS],
            "disable_cooldowns": True,
        },
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        **ours,
    }


HASTE = {"timeout": 1, "stream_timeout": 1}
STALLING = ("stalls", "stalls-midway")
FAILING = ("resets-at-once", "resets-after-head", "resets-after-role", "resets-midway")
OTHERS = ("other", "plain")


# A worker that is busy starting answers no health check, and uvicorn kills it for that after 5 seconds if not told
# otherwise. (One that is killed while it is asked is missed for as long.)
HAS_CREW = tuple(map(int, version("uvicorn").split(".")[:2])) >= (0, 37)  # before that it cannot be told
CREW = ("--num_workers", "2", "--timeout_worker_healthcheck", "20")


def _deployment(alias: str, model: str, url: str, **parameters: Any) -> dict[str, Any]:
    given = {"model": f"hosted_vllm/{model}", "api_base": url, "api_key": "none", **parameters}
    return {"model_name": alias, "litellm_params": given}


@contextmanager
def running_proxies(
    backend: FakeBackend, folder: Path, work: Callable[[str], Path], *, with_crew: bool
) -> Iterator[Proxies]:
    """Run the proxies. The first two start at the same time, the third while they are used."""
    callback, none = config(backend, folder), config(backend, None)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:

        def started(settings: dict[str, Any], name: str, *arguments: str) -> Future[Proxy]:
            return pool.submit(stack.enter_context, proxy(settings, work(name), *arguments))

        policed, control = (future.result() for future in (started(callback, "policed"), started(none, "control")))
        crew = started(callback, "crew", *CREW) if with_crew else None
        try:
            yield Proxies(policed, control, crew)
        finally:
            if crew is not None:
                crew.exception()


def client_of(url: str, kind: type[Client] = openai.OpenAI, **options: Any) -> Client:
    """Return the real SDK's client for a server."""
    return kind(base_url=url, api_key=KEY, **{"max_retries": 0, "timeout": 60, **options})


@contextmanager
def host(name: str, url: str, folder: Path, proxies: Proxies) -> Iterator[Host]:
    """Give a host by its name, in front of a backend; the proxies have theirs already."""
    app = Relay(url)
    with ExitStack() as stack:
        if name == "asgi":
            urls = [f"{stack.enter_context(served(each))}/v1" for each in (PolicyMiddleware(app, folder), app)]
        elif name == "litellm":
            urls = [f"{each.url}/v1" for each in (proxies.policed, proxies.control)]
        else:
            urls = [url, url]
        policed, control = (client_of(url, openai.AsyncOpenAI if "async" in name else openai.OpenAI) for url in urls)
        if name.startswith("wrap"):
            policed = wrap(policed, folder)
        ours, theirs = (stack.enter_context(closing(Side(client))) for client in (policed, control))
        yield Host(name, ours, theirs, app.tasks if name == "asgi" else None)
