"""Everything that a record says."""

from __future__ import annotations

from prompt_policy.bench.record import BlockEnd
from prompt_policy.bench.summary import summary_of
from tests.bench.making import never, one, plan, record


def whole(**changed: object) -> list[object]:
    return [one(arm, f"q{n}", s, content=f"{arm}{n}{s} \\boxed{{42}}", **changed)
            for arm in ("off", "on") for n in range(3) for s in range(2)]  # fmt: skip


def test_a_whole_run_is_complete_and_has_no_warnings() -> None:
    made = summary_of(record(whole(), count=3), {}, never)  # type: ignore[arg-type]  # a list of requests
    assert (made.ended, made.missing, made.invalid, made.warnings) == ("complete", 0, (), ())
    assert made.main is not None
    assert (made.main.first, made.main.second) == ("off", "on")
    assert list(made.arms) == ["off", "on"]


def test_a_run_that_broke_off_says_why_and_what_is_missing() -> None:
    rows = whole()[:7]
    for why in ("interrupted", "the server of arm on is gone"):
        made = summary_of(record(rows, count=3, why=why), {}, never)  # type: ignore[arg-type]
        assert (made.ended, made.missing) == (why, 5)
    killed = record(rows, count=3)  # type: ignore[arg-type]
    killed.ends.clear()
    assert summary_of(killed, {}, never).ended == "the process was killed"


def test_a_client_that_was_the_bottleneck_makes_times_invalid() -> None:
    made = record(whole(), count=3)  # type: ignore[arg-type]
    made.blocks = [BlockEnd(block=0, arm="off", seconds=1, cpu=0.97, lag_p99_ms=40, lag_max_ms=50)]
    assert summary_of(made, {}, never).invalid == (
        "the client used 97% of a core in 1 of 1 blocks", "the client's loop was 40 ms late in 1 of 1 blocks",
    )  # fmt: skip


def test_warnings_name_what_is_doubtful() -> None:
    rows = [one(arm, f"q{n}", s, content="42", tokens_told=False)
            for arm in ("off", "on") for n in range(3) for s in range(2)]  # fmt: skip
    made = " | ".join(summary_of(record(rows, count=3, seeds="ignored: x"), {}, never).warnings)
    for words in ("seeds are ignored: x", "off: all answers to a question are the same", "on: 100% of the answers hold",
                  "chunks do not tell their tokens"):  # fmt: skip
        assert words in made
    failed = [one(arm, trouble="http", status=500, message="HTTP 500") for arm in ("off", "on")]
    assert "on: 100% of the requests failed, the first with: HTTP 500" in summary_of(record(failed), {}, never).warnings
    short = [one(arm, f"q{n}", 0, finish="length") for arm in ("off", "on") for n in range(3)]
    assert "100% of the answers ran out of length" in " ".join(
        summary_of(record(short, plan(samples=1), 3), {}, never).warnings
    )


def test_families_are_compared_by_themselves() -> None:
    made = summary_of(record(whole(), count=3, families=("a", "b")), {}, never)  # type: ignore[arg-type]
    assert {name: rows[0].questions for name, rows in made.families.items()} == {"a": 2, "b": 1}


def test_the_verdict_is_about_off_and_on_or_else_the_first_and_the_last_arm() -> None:
    rows = [one(arm) for arm in ("direct", "off", "on")]
    main = summary_of(record(rows, plan(("direct", "off", "on"))), {}, never).main
    assert main is not None
    assert (main.first, main.second) == ("off", "on")
    main = summary_of(record(rows[:1], plan(("direct", "proxy"))), {}, never).main
    assert main is not None
    assert (main.first, main.second) == ("direct", "proxy")
    assert summary_of(record(rows[:1], plan(("direct",))), {}, never).main is None
