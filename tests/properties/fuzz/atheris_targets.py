"""Fuzz with atheris, guided by coverage, using the strategies and the properties of the tests in this folder.

    pip install atheris hypothesis pytest
    python -m tests.properties.fuzz.atheris_targets TARGET -runs=10000 -max_total_time=60

TARGET is ``request-ENDPOINT``, ``whole-ENDPOINT`` or ``stream-ENDPOINT``; ENDPOINT is chat, completions, responses or
messages. Further options are for libFuzzer, which searches for bytes that reach new branches; strategies turn them into
bodies.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["prompt_policy"]):
    from hypothesis import given
    from hypothesis import strategies as st

    from prompt_policy.wire import Endpoint
    from tests.properties.fuzz.answer_properties import check_stream, check_whole
    from tests.properties.fuzz.answers import build_request_body, streamed_answers, whole_answers
    from tests.properties.fuzz.bodies import ENDPOINTS, request_bodies
    from tests.properties.fuzz.json_text import write_json
    from tests.properties.fuzz.policies import ENFORCED
    from tests.properties.fuzz.properties import check_request, open_fuzzed

Target = Callable[[bytes], object]
POLICY: Final = "all kinds"


def check_one_request(endpoint: Endpoint, data: bytes) -> None:
    """Check the body of a request under each policy."""
    for resolver in ENFORCED.values():
        check_request(resolver, endpoint, data)


def check_one_answer(endpoint: Endpoint, data: bytes) -> None:
    """Check a whole answer."""
    check_whole(open_fuzzed(ENFORCED[POLICY], endpoint, build_request_body(endpoint)), data)


def check_one_stream(endpoint: Endpoint, data: bytes) -> None:
    """Check a stream, cut in the middle and near its ends."""
    cuts = {len(data) // 2, 1, len(data) - 1} if len(data) > 1 else set()
    check_stream(open_fuzzed(ENFORCED[POLICY], endpoint, build_request_body(endpoint)), endpoint, data, cuts)


def build_target(
    check: Callable[[Endpoint, bytes], None], endpoint: Endpoint, bodies: st.SearchStrategy[bytes]
) -> Target:
    """Return a target whose input bytes select an example of a strategy."""

    @given(bodies)
    def check_example(data: bytes) -> None:
        check(endpoint, data)

    target: Target = check_example.hypothesis.fuzz_one_input  # type: ignore[attr-defined]  # hypothesis adds it
    return target


def build_targets() -> dict[str, Target]:
    """Return every target, by name."""
    targets: dict[str, Target] = {}
    for endpoint in ENDPOINTS:
        answers = whole_answers(endpoint).map(lambda value: write_json(value).encode(errors="surrogatepass"))
        targets[f"request-{endpoint}"] = build_target(check_one_request, endpoint, request_bodies(endpoint))
        targets[f"whole-{endpoint}"] = build_target(check_one_answer, endpoint, answers)
        targets[f"stream-{endpoint}"] = build_target(check_one_stream, endpoint, streamed_answers(endpoint))
    return targets


def main() -> None:
    """Run the target that the command line names."""
    known = build_targets()
    if len(sys.argv) < 2 or sys.argv[1] not in known:
        sys.exit(f"unknown target; choose one of: {', '.join(known)}")
    with tempfile.TemporaryDirectory() as corpus:
        for seed in range(50):  # strategies need many bytes, and libFuzzer starts with one
            Path(corpus, str(seed)).write_bytes(random.Random(seed).randbytes(2000))
        atheris.Setup([sys.argv[0], *sys.argv[2:], corpus], known[sys.argv[1]])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
