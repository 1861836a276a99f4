"""The planned requests of a run, and their schedule."""

from __future__ import annotations

from collections import Counter

import pytest

from prompt_policy.bench.plan import Load, derive_seed, describe_small_blocks, order_arms, plan_blocks
from prompt_policy.errors import UsageError
from tests.support.records import make_plan, make_questions

NOTHING_DONE: frozenset[tuple[str, str, int]] = frozenset()


@pytest.mark.parametrize("text", ["closed:16", "open:2rps", "open:0.5rps"])
def test_loads_are_parsed_and_formatted(text: str) -> None:
    assert str(Load.parse(text)) == text


@pytest.mark.parametrize("text", ["", "closed", "closed:0", "open:0", "open:-1rps", "16", "closed:1.5", "open:2rpm"])
def test_invalid_loads_are_rejected(text: str) -> None:
    with pytest.raises(UsageError, match="expected closed:N or open:RATErps"):
        Load.parse(text)


def test_seeds_differ_by_question_and_sample() -> None:
    seeds = {derive_seed(1, f"q{question}", sample) for question in range(50) for sample in range(5)}
    assert len(seeds) == 250
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(1, "q0", 0) != derive_seed(2, "q0", 0)


def test_seeds_are_equal_in_both_arms() -> None:
    blocks = list(plan_blocks(make_plan(blocks=2), make_questions(5), NOTHING_DONE))
    by_arm = {
        arm: {(i.question.id, i.sample): i.seed for b in blocks if b.arm.name == arm for i in b.items}
        for arm in ("off", "on")
    }
    assert by_arm["off"] == by_arm["on"]
    assert len(by_arm["off"]) == 10


def test_the_arms_take_turns_on_every_part() -> None:
    blocks = list(plan_blocks(make_plan(blocks=4), make_questions(8), NOTHING_DONE))
    order = [block.arm.name for block in blocks]
    assert [block.number for block in blocks] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert order[:4] in (["off", "on", "on", "off"], ["on", "off", "off", "on"])
    for number in range(4):
        first, second = (block.items for block in blocks if block.number == number)
        assert first == second
    sent = Counter((block.arm.name, item.question.id, item.sample) for block in blocks for item in block.items)
    assert set(sent.values()) == {1}


def test_the_order_of_arms_is_reversed_for_every_second_part() -> None:
    three = make_plan(("direct", "off", "on"))
    assert order_arms(three, 0) == tuple(reversed(order_arms(three, 1)))


def test_completed_requests_are_not_planned_again() -> None:
    done = frozenset({("off", "q0", 0), ("on", "q1", 1)})
    sent = {(block.arm.name, item.question.id, item.sample)
            for block in plan_blocks(make_plan(), make_questions(2), done) for item in block.items}  # fmt: skip
    assert len(sent) == 6
    assert not sent & done


def test_an_open_loop_has_the_same_poisson_schedule_in_both_arms() -> None:
    blocks = list(plan_blocks(make_plan(load="open:10rps", samples=5, blocks=1), make_questions(200), NOTHING_DONE))
    off, on = ([item.due_s for item in block.items] for block in blocks)
    assert off == on
    times = [due for due in off if due is not None]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(100, rel=0.15)
    gaps = [after - before for before, after in zip([0.0, *times], times, strict=False)]
    assert sum(gap < 0.01 for gap in gaps) == pytest.approx(95, rel=0.35)  # 1 - exp(-0.1) of 1,000


@pytest.mark.parametrize(
    ("load", "blocks", "words"),
    [
        ("closed:16", 4, "a block has only 7 requests in each arm; use --load closed:7 or more questions"),
        ("closed:12", 4, "use --blocks 2, --load closed:7 or more questions or --samples"),
        ("closed:7", 4, ""),
        ("closed:15", 2, ""),
        ("closed:40", 1, "a block has only 30 requests"),
        ("open:40rps", 4, ""),
    ],
)
def test_blocks_that_cannot_sustain_the_load_are_described(load: str, blocks: int, words: str) -> None:
    described = describe_small_blocks(make_plan(load=load, blocks=blocks, samples=1), 30)
    assert words in described
    assert bool(described) == bool(words)
