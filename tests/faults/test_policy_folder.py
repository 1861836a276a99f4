"""A folder of policies that breaks while it is followed: the last good policies stay, and one line tells."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

from prompt_policy.openai import wrap
from tests.faults import folder_faults as f
from tests.faults.fake_backend import FakeBackend
from tests.faults.hosts import Proxies, Side, client_of, policies
from tests.faults.waiting import until

STAY = "the last good ones stay"
IN_THE_PROXY = ["deleted", "a pipe", "half a file", "a disk that fails"]


@dataclass
class Story:
    """What came of one folder: what was sent by which policy while it was broken, what was told, and after."""

    during: str
    told: list[str]
    after: str


def sent(side: Side, backend: FakeBackend, mark: str) -> str:
    """Ask, and return the policy and the temperature that were enforced."""
    outcome = side.ask("faulty-good", extra_body={"mark": mark})
    assert outcome.status == 200, outcome
    [body] = [body for body in list(backend.bodies) if body.get("mark") == mark]
    return f"{outcome.policy} {body['temperature']}"


class Told(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def of(self, folder: Path) -> list[str]:
        """Return what was told of the files of a folder."""
        return [message for message in list(self.messages) if str(folder) in message and STAY in message]


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """What is logged while the stories go on."""
    handler = Told()
    logging.getLogger("prompt_policy").addHandler(handler)
    yield handler
    logging.getLogger("prompt_policy").removeHandler(handler)


@pytest.fixture(scope="module")
def stories(backend: FakeBackend, told: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Story]]:
    """Everything that can happen to a folder, all of it at the same time, each with a client that follows it."""

    def fault(name: str) -> Story:
        folder = tmp_path_factory.mktemp("fault") / "policies"
        f.mend(folder, 0.7)
        side = followed(folder)
        f.FAULTS[name][0](folder)
        until(lambda: told.of(folder))
        during = sent(side, backend, f"{name} during")
        f.mend(folder, 0.65)
        return ended(side, name, folder, during)

    def change(name: str) -> Story:
        folder = tmp_path_factory.mktemp("change") / "policies"
        f.mend(folder, 0.65)
        if name == "by a swapped link":
            f.as_a_config_map(folder)
        side = followed(folder)
        f.CHANGES[name](folder)
        return ended(side, name, folder, "")

    def followed(folder: Path) -> Side:
        side = Side(wrap(client_of(backend.url, openai.OpenAI), folder))
        before = sent(side, backend, f"{folder} before")
        assert before == f"faulty {0.7 if 'fault' in folder.parent.name else 0.65}"
        return side

    def ended(side: Side, name: str, folder: Path, during: str) -> Story:
        wanted = f"faulty {0.65 if during else 0.6}"
        tries = iter(range(10_000))
        until(lambda: sent(side, backend, f"{name} {next(tries)}") == wanted)
        side.close()
        return Story(during, told.of(folder), wanted)

    with ThreadPoolExecutor() as pool:
        faults = {name: pool.submit(fault, name) for name in f.FAULTS}
        changes = {name: pool.submit(change, name) for name in f.CHANGES}
        yield {name: story.result() for name, story in {**faults, **changes}.items()}


@pytest.mark.parametrize("name", f.FAULTS)
def test_the_last_good_policy_stays_and_one_line_tells(stories: dict[str, Story], name: str) -> None:
    story = stories[name]

    assert (story.during, story.after) == ("faulty 0.7", "faulty 0.65")
    [line] = story.told
    assert f.FAULTS[name][1] in line


@pytest.mark.parametrize("name", f.CHANGES)
def test_a_change_that_is_easily_overlooked_is_noticed(stories: dict[str, Story], name: str) -> None:
    assert (stories[name].after, stories[name].told) == ("faulty 0.6", [])


def test_nothing_was_told_as_a_fault_of_the_watch(stories: dict[str, Story], told: Told) -> None:
    assert stories
    assert not [message for message in told.messages if "could not be looked at" in message]


@pytest.fixture
def proxied(proxies: Proxies, folder: Path) -> Iterator[Side]:
    """A client of the proxy, whose folder is as it was before once the test is over."""
    side = Side(client_of(f"{proxies.policed.url}/v1", openai.OpenAI))
    before = side.ask("faulty-good").headers["x-prompt-policy"]
    yield side
    f.mend(folder, 0.7)
    policies(folder)
    until(lambda: side.ask("faulty-good").headers["x-prompt-policy"] == before)
    side.close()


@pytest.mark.parametrize("name", IN_THE_PROXY)
def test_the_same_in_litellms_proxy(
    proxies: Proxies, proxied: Side, backend: FakeBackend, folder: Path, name: str
) -> None:
    begun = len(proxies.policed.log)

    f.FAULTS[name][0](folder)
    until(lambda: STAY in proxies.policed.log[begun:])
    during = sent(proxied, backend, f"{name} in the proxy")
    f.mend(folder, 0.65)
    tries = iter(range(10_000))
    until(lambda: sent(proxied, backend, f"{name} mended {next(tries)}") == "faulty 0.65")

    log = proxies.policed.log[begun:]
    assert (during, log.count(STAY)) == ("faulty 0.7", 1)
    assert f.FAULTS[name][1] in log
    assert "Traceback" not in log
