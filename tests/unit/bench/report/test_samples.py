"""Sample answers."""

from __future__ import annotations

from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.record import MeasuredRequest
from prompt_policy.bench.report.samples import select_samples, shorten
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request

RIGHT, WRONG = "It is \\boxed{42}.", "It is \\boxed{0}."


def summarize_requests(rows: list[MeasuredRequest], arms: tuple[str, ...] = ("off", "on")) -> Summary:
    return summarize(make_record(rows, make_plan(arms), 4), {}, NO_COMPARISONS)


def test_the_first_change_in_each_direction_is_selected() -> None:
    off, on = [RIGHT, WRONG, RIGHT, WRONG], [RIGHT, RIGHT, WRONG, RIGHT]
    rows = [make_request("on", f"q{n}", content=text) for n, text in reversed(list(enumerate(on)))]
    rows += [make_request("off", f"q{n}", content=text) for n, text in enumerate(off)]
    right, wrong = select_samples(summarize_requests(rows))
    assert (right.change, right.question, right.expected) == ("turned right", "q1: what?", "42")
    assert (right.first, right.second) == (("off", "wrong", WRONG), ("on", "correct", RIGHT))
    assert (wrong.change, wrong.question) == ("turned wrong", "q2: what?")
    assert (wrong.first.text, wrong.second.text) == (RIGHT, WRONG)


def test_only_answers_with_the_same_seed_are_compared() -> None:
    rows = [make_request("off", sample=0, content=WRONG), make_request("on", sample=1, content=RIGHT)]
    assert list(select_samples(summarize_requests(rows))) == []


def test_answers_that_were_not_graded_are_skipped() -> None:
    rows = [make_request("off", failure="stream"), make_request("on")]
    assert list(select_samples(summarize_requests(rows))) == []


def test_each_pair_of_arms_has_samples() -> None:
    rows = [make_request(arm, content=RIGHT if arm == "b" else "?") for arm in ("off", "a", "b")]
    samples = list(select_samples(summarize_requests(rows, ("off", "a", "b"))))
    assert [(pair.first.arm, pair.second.arm) for pair in samples] == [("off", "b"), ("a", "b")]
    assert samples[0].first.verdict == "no answer"


def test_an_answer_without_content_shows_why() -> None:
    rows = [make_request("off", content="", reasoning="Hm", finish="length"), make_request("on")]
    [pair] = select_samples(summarize_requests(rows))
    assert (pair.first.verdict, pair.first.text) == ("truncated", "(no content; reasoning: Hm)")


def test_a_long_text_loses_its_middle() -> None:
    text = shorten("a" * 5000 + "b" * 5000)
    assert text.startswith("aaa")
    assert text.endswith("bbb")
    assert "[… 8400 characters …]" in text
    assert shorten("a" * 1600) == "a" * 1600
