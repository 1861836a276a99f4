"""A watched folder of policies that breaks: the last good policies stay active, and one line is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

from prompt_policy.openai import wrap
from tests.resilience import folder_faults as f
from tests.resilience.hosts import Proxies, Side, build_client, write_policies
from tests.support.broken_backend import BrokenBackend
from tests.support.waiting import wait_until

STAY = "the last valid policies stay active"
IN_THE_PROXY = ["deleted", "a pipe", "half a file", "a disk that fails"]


@dataclass
class Story:
    """The course of one folder: the policy and temperature during and after the event, and the messages logged."""

    during: str
    messages: list[str]
    after: str


def send_marked(side: Side, backend: BrokenBackend, mark: str) -> str:
    """Send a request, and return the policy and the temperature that were enforced."""
    outcome = side.send("faulty-good", extra_body={"mark": mark})
    assert outcome.status == 200, outcome
    [body] = [body for body in list(backend.bodies) if body.get("mark") == mark]
    return f"{outcome.policy} {body['temperature']}"


class RecordingHandler(logging.Handler):
    """Records the messages that are logged."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def find_messages(self, folder: Path) -> list[str]:
        """Return the messages about the files of a folder."""
        return [message for message in list(self.messages) if str(folder) in message and STAY in message]


@pytest.fixture(scope="module")
def handler() -> Iterator[RecordingHandler]:
    """The messages that are logged during the stories."""
    handler = RecordingHandler()
    logging.getLogger("prompt_policy").addHandler(handler)
    yield handler
    logging.getLogger("prompt_policy").removeHandler(handler)


@pytest.fixture(scope="module")
def stories(
    backend: BrokenBackend, handler: RecordingHandler, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Story]]:
    """Every event, all at the same time, each with a folder and a client that watches it."""

    def run_fault(name: str) -> Story:
        folder = tmp_path_factory.mktemp("fault") / "policies"
        f.restore(folder, 0.7)
        side = start_client(folder)
        f.FAULTS[name][0](folder)
        wait_until(lambda: handler.find_messages(folder))
        during = send_marked(side, backend, f"{name} during")
        f.restore(folder, 0.65)
        return finish(side, name, folder, during)

    def run_change(name: str) -> Story:
        folder = tmp_path_factory.mktemp("change") / "policies"
        f.restore(folder, 0.65)
        if name == "by a swapped link":
            f.lay_out_as_config_map(folder)
        side = start_client(folder)
        f.CHANGES[name](folder)
        return finish(side, name, folder, "")

    def start_client(folder: Path) -> Side:
        side = Side(wrap(build_client(backend.url, openai.OpenAI), folder))
        before = send_marked(side, backend, f"{folder} before")
        assert before == f"faulty {0.7 if 'fault' in folder.parent.name else 0.65}"
        return side

    def finish(side: Side, name: str, folder: Path, during: str) -> Story:
        expected = f"faulty {0.65 if during else 0.6}"
        tries = iter(range(10_000))
        wait_until(lambda: send_marked(side, backend, f"{name} {next(tries)}") == expected)
        side.close()
        return Story(during, handler.find_messages(folder), expected)

    with ThreadPoolExecutor() as pool:
        faults = {name: pool.submit(run_fault, name) for name in f.FAULTS}
        changes = {name: pool.submit(run_change, name) for name in f.CHANGES}
        yield {name: story.result() for name, story in {**faults, **changes}.items()}


@pytest.mark.parametrize("name", f.FAULTS)
def test_last_good_policy_stays_active_and_one_line_is_logged(stories: dict[str, Story], name: str) -> None:
    story = stories[name]

    assert (story.during, story.after) == ("faulty 0.7", "faulty 0.65")
    [line] = story.messages
    assert f.FAULTS[name][1] in line


@pytest.mark.parametrize("name", f.CHANGES)
def test_change_with_misleading_timestamps_is_detected(stories: dict[str, Story], name: str) -> None:
    assert (stories[name].after, stories[name].messages) == ("faulty 0.6", [])


def test_no_fault_is_logged_as_an_error_of_the_watcher(stories: dict[str, Story], handler: RecordingHandler) -> None:
    assert stories
    assert not [message for message in handler.messages if "could not be looked at" in message]


@pytest.fixture
def proxy_client(proxies: Proxies, folder: Path) -> Iterator[Side]:
    """A client of the proxy, whose folder is restored after the test."""
    side = Side(build_client(f"{proxies.enforced.url}/v1", openai.OpenAI))
    before = side.send("faulty-good").headers["x-prompt-policy"]
    yield side
    f.restore(folder, 0.7)
    write_policies(folder)
    wait_until(lambda: side.send("faulty-good").headers["x-prompt-policy"] == before)
    side.close()


@pytest.mark.parametrize("name", IN_THE_PROXY)
def test_proxy_keeps_the_last_good_policy_and_recovers(
    proxies: Proxies, proxy_client: Side, backend: BrokenBackend, folder: Path, name: str
) -> None:
    start = len(proxies.enforced.log)

    f.FAULTS[name][0](folder)
    wait_until(lambda: STAY in proxies.enforced.log[start:])
    during = send_marked(proxy_client, backend, f"{name} in the proxy")
    f.restore(folder, 0.65)
    tries = iter(range(10_000))
    wait_until(lambda: send_marked(proxy_client, backend, f"{name} restored {next(tries)}") == "faulty 0.65")

    log = proxies.enforced.log[start:]
    assert (during, log.count(STAY)) == ("faulty 0.7", 1)
    assert f.FAULTS[name][1] in log
    assert "Traceback" not in log
