"""Coverage-guided fuzzing with atheris, by the strategies and the properties of the tests beside it.

    pip install atheris hypothesis pytest && python -m tests.fuzz.atheris_targets TARGET -runs=10000 -max_total_time=60

TARGET is ``request-ENDPOINT``, ``whole-ENDPOINT`` or ``stream-ENDPOINT``; ENDPOINT is chat, completions, responses or
messages. What follows goes to libFuzzer, which looks for bytes that reach new branches; strategies make bodies of them.
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
    from tests.fuzz.answer_properties import check_stream, check_whole
    from tests.fuzz.answers import streams_for, text_body, wholes_for
    from tests.fuzz.bodies import ENDPOINTS, bodies_for
    from tests.fuzz.policies import ENFORCED
    from tests.fuzz.properties import check_request, opened
    from tests.fuzz.spelling import spelled

Target = Callable[[bytes], object]
POLICY: Final = "all kinds"


def request(endpoint: Endpoint, data: bytes) -> None:
    """Check one body of a request under each policy."""
    for policing in ENFORCED.values():
        check_request(policing, endpoint, data)


def whole(endpoint: Endpoint, data: bytes) -> None:
    """Check one whole answer."""
    check_whole(opened(ENFORCED[POLICY], endpoint, text_body(endpoint)), data)


def stream(endpoint: Endpoint, data: bytes) -> None:
    """Check one stream, cut into halves and near its ends."""
    cuts = {len(data) // 2, 1, len(data) - 1} if len(data) > 1 else set()
    check_stream(opened(ENFORCED[POLICY], endpoint, text_body(endpoint)), endpoint, data, cuts)


def shaped(check: Callable[[Endpoint, bytes], None], endpoint: Endpoint, bodies: st.SearchStrategy[bytes]) -> Target:
    """Return a target whose bytes choose among what a strategy makes."""

    @given(bodies)
    def checked(data: bytes) -> None:
        check(endpoint, data)

    target: Target = checked.hypothesis.fuzz_one_input  # type: ignore[attr-defined]  # hypothesis adds it
    return target


def targets() -> dict[str, Target]:
    """Return every target by its name."""
    made: dict[str, Target] = {}
    for endpoint in ENDPOINTS:
        answers = wholes_for(endpoint).map(lambda value: spelled(value).encode(errors="surrogatepass"))
        made[f"request-{endpoint}"] = shaped(request, endpoint, bodies_for(endpoint))
        made[f"whole-{endpoint}"] = shaped(whole, endpoint, answers)
        made[f"stream-{endpoint}"] = shaped(stream, endpoint, streams_for(endpoint))
    return made


def main() -> None:
    """Run the target that the command line names."""
    known = targets()
    if len(sys.argv) < 2 or sys.argv[1] not in known:
        sys.exit(f"which target? {', '.join(known)}")
    with tempfile.TemporaryDirectory() as corpus:
        for seed in range(50):  # a strategy wants many bytes, and libFuzzer would begin with one
            Path(corpus, str(seed)).write_bytes(random.Random(seed).randbytes(2000))
        atheris.Setup([sys.argv[0], *sys.argv[2:], corpus], known[sys.argv[1]])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
