"""What a run sends, and when."""

from __future__ import annotations

from collections import Counter

import pytest

from prompt_policy.bench.plan import Load, blocks_of, order_of, seed_of
from prompt_policy.errors import UsageError
from tests.bench.making import plan, questions

NOTHING: frozenset[tuple[str, str, int]] = frozenset()


@pytest.mark.parametrize("text", ["closed:16", "open:2rps", "open:0.5rps"])
def test_loads_are_read_and_written(text: str) -> None:
    assert str(Load.parse(text)) == text


@pytest.mark.parametrize("text", ["", "closed", "closed:0", "open:0", "open:-1rps", "16", "closed:1.5", "open:2rpm"])
def test_other_loads_are_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match="expected closed:N or open:RATErps"):
        Load.parse(text)


def test_seeds_differ_by_question_and_sample_and_match_between_arms() -> None:
    seeds = {seed_of(1, f"q{question}", sample) for question in range(50) for sample in range(5)}
    assert len(seeds) == 250
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(1, "q0", 0) != seed_of(2, "q0", 0)
    made = list(blocks_of(plan(blocks=2), questions(5), NOTHING))
    by_arm = {
        arm: {(i.question.id, i.sample): i.seed for b in made if b.arm.name == arm for i in b.items}
        for arm in ("off", "on")
    }
    assert by_arm["off"] == by_arm["on"]
    assert len(by_arm["off"]) == 10


def test_every_arm_gets_every_part_in_turns() -> None:
    made = list(blocks_of(plan(blocks=4), questions(8), NOTHING))
    order = [block.arm.name for block in made]
    assert [block.number for block in made] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert order[:4] in (["off", "on", "on", "off"], ["on", "off", "off", "on"])
    for number in range(4):
        first, second = (block.items for block in made if block.number == number)
        assert first == second
    sent = Counter((block.arm.name, item.question.id, item.sample) for block in made for item in block.items)
    assert set(sent.values()) == {1}


def test_three_arms_are_turned_round_for_every_second_part() -> None:
    three = plan(("direct", "off", "on"))
    assert order_of(three, 0) == tuple(reversed(order_of(three, 1)))


def test_what_is_done_is_not_sent_again() -> None:
    done = frozenset({("off", "q0", 0), ("on", "q1", 1)})
    sent = {(block.arm.name, item.question.id, item.sample)
            for block in blocks_of(plan(), questions(2), done) for item in block.items}  # fmt: skip
    assert len(sent) == 6
    assert not sent & done


def test_an_open_load_has_the_times_of_a_poisson_process_alike_in_both_arms() -> None:
    made = list(blocks_of(plan(load="open:10rps", samples=5), questions(200), NOTHING))
    off, on = ([item.due_s for item in block.items] for block in made)
    assert off == on
    times = [due for due in off if due is not None]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(100, rel=0.15)
    gaps = [after - before for before, after in zip([0.0, *times], times, strict=False)]
    assert sum(gap < 0.01 for gap in gaps) == pytest.approx(95, rel=0.35)  # 1 - exp(-0.1) of 1,000
