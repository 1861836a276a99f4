"""What the size of a library costs: loading all of it, and choosing among few policies and among many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from benchmarks.figures import Figure
from benchmarks.timing import in_turns, seconds
from prompt_policy import Policy, load, load_paths
from prompt_policy.policy.document import AppliesTo
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime import Pipeline

ONE = "deepseek-r1-distill"
MODELS = ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "someone/unknown-model")
FEW, MANY = 10, 1_000
CHOICES = 2_000


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures. One request's model matches a pattern, another's matches none."""
    blocks = 8 if quick else 15
    loads = in_turns([_load_one, _load_all], blocks=blocks, calls=1)
    shipped = load_paths([]).policies
    more = [1e3 * (all_ - one) for one, all_ in loads]
    yield Figure.of(f"more for loading all {len(shipped)} policies than one", more, "ms", at_most=150)
    looks = [1e3 * seconds(lambda: PolicySet(shipped).select(MODELS[0])) for _ in range(blocks)]
    yield Figure.of("the first look at a model's name among all of them", looks, "ms")
    few, many = _of_size(FEW), _of_size(MANY)
    for policies, model in product((few, many), MODELS):
        policies.select(model)  # the verdict is remembered from here on
    for model in MODELS:
        rows = in_turns([_choosing(few, model), _choosing(many, model)], blocks=blocks, calls=CHOICES)
        ratios = [many_s / few_s for few_s, many_s in rows]
        yield Figure.of(f"choosing among {MANY} over among {FEW}, {model.rpartition('/')[2]}", ratios)


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


def _choosing(policies: PolicySet, model: str) -> Callable[[], object]:
    return lambda: policies.select(model)
