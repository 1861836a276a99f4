"""A function applied to chunks in several processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from prompt_policy import UsageError
from prompt_policy.authoring.batch.files.processes import map_chunks


def wait_and_return(number: int) -> tuple[int, int]:
    time.sleep(0.05 if number % 2 == 0 else 0)
    return number, os.getpid()


def end_process(_chunk: int) -> None:
    os._exit(3)


def fail(_chunk: int) -> None:
    raise ValueError("no")


def test_one_job_needs_no_process() -> None:
    assert list(map_chunks(wait_and_return, range(3), 1)) == [(number, os.getpid()) for number in range(3)]


def test_the_order_is_kept_and_chunks_are_read_as_needed() -> None:
    read: list[int] = []

    def produce() -> Iterator[int]:
        for number in range(50):
            read.append(number)
            yield number

    results = []
    with closing(map_chunks(wait_and_return, produce(), 2)) as chunks:
        for result in chunks:
            results.append(result)
            assert len(read) <= len(results) + 5
    assert [number for number, _process in results] == list(range(50))
    assert os.getpid() not in {process for _number, process in results}


def test_a_process_that_ends_is_an_error() -> None:
    with pytest.raises(UsageError, match="a process ended unexpectedly"):
        list(map_chunks(end_process, range(3), 2))


def test_an_error_in_a_process_is_raised() -> None:
    with pytest.raises(ValueError, match="no"):
        list(map_chunks(fail, range(30), 2))
