"""What came of a run, in sentences."""

from __future__ import annotations

import math

from prompt_policy.bench.compare import Comparison
from prompt_policy.bench.statistics import Interval
from prompt_policy.bench.summary import Summary


def verdict_words(summary: Summary) -> str:
    """Return the verdict: the difference with its interval, or that none was shown, and what it costs."""
    main = summary.main
    sentences = [*_caveats(summary)]
    if main is None or main.accuracy is None:
        sentences.append("There is nothing to compare.")
    else:
        sentences += [_accuracy(main), _latency(main)]
    return " ".join(sentence for sentence in sentences if sentence)


def _caveats(summary: Summary) -> list[str]:
    found = []
    if summary.ended != "complete":
        found.append(f"The run is not complete ({summary.ended}; {summary.missing} requests are missing).")
    if summary.invalid:
        found.append(f"The times are invalid: {'; '.join(summary.invalid)}.")
    return found


def _accuracy(main: Comparison) -> str:
    interval = main.accuracy
    assert interval is not None
    told = f"{points(interval.value)} points (95% interval {points(interval.low)} to {points(interval.high)})"
    where = f"over {main.questions} questions"
    if main.is_different:
        better = "more" if interval.value > 0 else "fewer"
        return f"{main.second} answers {better} questions right than {main.first}: {told} {where}."
    found = "" if main.detectable is None else (
        f" A difference of {abs(main.detectable) * 100:.1f} points would have been found in 4 of 5 such runs."
    )  # fmt: skip
    return f"No difference in accuracy between {main.first} and {main.second} was shown: {told} {where}.{found}"


def _latency(main: Comparison) -> str:
    interval = main.ratios["e2e"]
    if interval is None:
        return ""
    if math.isnan(interval.low):
        return f"An answer takes {interval.value:.2f} times as long."
    told = f"{interval.value:.2f} times as long (95% interval {interval.low:.2f} to {interval.high:.2f})"
    if interval.low <= 1 <= interval.high:
        return f"No difference in latency was shown: an answer takes {told}."
    return f"An answer takes {told}{_tokens(main.ratios['tokens'])}."


def _tokens(interval: Interval | None) -> str:
    return "" if interval is None else f", with {interval.value:.2f} times the tokens"


def points(share: float) -> str:
    """Return a difference of shares in points, with its sign."""
    return f"{share * 100:+.1f}"
