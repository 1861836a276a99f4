"""What the size of a library costs: ``python benchmarks/library.py [--repeats N] [--json]``.

Loading and compiling all shipped policies beside one, and choosing the policy for a request among few and many, in
turns. Each figure is a median with its quartiles. One request's model matches a pattern, another's matches none.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import yaml

from prompt_policy import Policy, load, load_paths
from prompt_policy.policy.document import AppliesTo
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime import Pipeline

ONE = "deepseek-r1-distill"
MODELS = ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "someone/unknown-model")
FEW, MANY = 10, 1_000
CHOICES = 2_000


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    if wanted.repeats < 2:
        parser.error("--repeats must be at least 2")
    loads = [(_seconds(_load_one), _seconds(_load_all)) for _ in range(wanted.repeats)]
    few, many = _of_size(FEW), _of_size(MANY)
    for policies, model in product((few, many), MODELS):
        policies.select(model)  # the verdict is remembered from here on
    shipped = load_paths([]).policies
    figures: dict[str, Any] = {
        "policies": len(shipped),
        "libyaml": hasattr(yaml, "CSafeLoader"),
        "one, ms": _told([1e3 * one for one, _ in loads]),
        "all, ms": _told([1e3 * many for _, many in loads]),
        "more for all, ms": _told([1e3 * (many - one) for one, many in loads]),
    }
    figures["the first look at a name among all, ms"] = _told(
        [1e3 * _seconds(lambda: PolicySet(shipped).select(MODELS[0])) for _ in range(wanted.repeats)]
    )
    for model in MODELS:
        pairs = [(_chosen(few, model), _chosen(many, model)) for _ in range(wanted.repeats)]
        figures[f"choosing among {MANY} over among {FEW}, {model}"] = _told([b / a for a, b in pairs])
    sys.stdout.write("".join(_lines(figures, wanted.json)))


def _load_one() -> None:
    Pipeline(load(ONE))


def _load_all() -> None:
    for policy in load_paths([]).policies:
        Pipeline(policy)


def _of_size(count: int) -> PolicySet:
    """Return a set of one shipped policy and as many others as are wanted, each with three patterns."""
    base = load(ONE)

    def other(number: int) -> Policy:
        models = tuple(f"*other-{number}-{size}b*" for size in (7, 14, 32))
        return base.model_copy(update={"name": f"other-{number}", "applies_to": AppliesTo(models=models)})

    return PolicySet([base, *map(other, range(count - 1))])


def _chosen(policies: PolicySet, model: str) -> float:
    begun = time.perf_counter()
    for _ in range(CHOICES):
        policies.select(model)
    return (time.perf_counter() - begun) / CHOICES


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _told(values: list[float]) -> dict[str, float]:
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "low": low, "high": high}


def _lines(figures: dict[str, Any], as_json: bool) -> Iterator[str]:
    if as_json:
        yield json.dumps(figures, indent=2) + "\n"
        return
    yield f"{figures.pop('policies')} shipped policies, {'with' if figures.pop('libyaml') else 'without'} libyaml\n"
    for name, told in figures.items():
        yield f"{name}: {told['median']:.3g} ({told['low']:.3g}-{told['high']:.3g})\n"


if __name__ == "__main__":
    main()
