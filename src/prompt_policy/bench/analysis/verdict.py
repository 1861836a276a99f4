"""State the result of a run in sentences."""

from __future__ import annotations

import math

from prompt_policy.bench.analysis.compare import Comparison
from prompt_policy.bench.analysis.statistics import Interval
from prompt_policy.bench.analysis.summary import Summary


def describe_verdict(summary: Summary) -> str:
    """Return the verdict: the differences in accuracy and latency with their intervals, after any caveats."""
    comparison = summary.main_comparison
    sentences = [*_describe_caveats(summary)]
    if comparison is None or comparison.accuracy is None:
        sentences.append("There is nothing to compare.")
    else:
        sentences += [_describe_accuracy(comparison, comparison.accuracy), _describe_form(comparison)]
        sentences += [*_describe_other_comparisons(summary), _describe_latency(comparison, summary)]
    return " ".join(sentence for sentence in sentences if sentence)


def _describe_other_comparisons(summary: Summary) -> list[str]:
    """Return the differences in accuracy of the other pairs of arms, if several policies are compared."""
    if not _compares_policies(summary):
        return []
    main = summary.main_comparison
    others = [comparison for comparison in summary.comparisons if comparison is not main]
    return [_describe_accuracy(other, other.accuracy) for other in others if other.accuracy is not None]


def _compares_policies(summary: Summary) -> bool:
    return sum(arm.applies_policy for arm in summary.record.header.plan.arms) > 1


def _describe_caveats(summary: Summary) -> list[str]:
    caveats = []
    if summary.ended != "complete":
        caveats.append(f"The run is incomplete ({summary.ended}; {summary.missing} requests are missing).")
    if summary.invalid:
        caveats.append(f"The times are invalid: {'; '.join(summary.invalid)}.")
    return caveats


def _describe_accuracy(comparison: Comparison, difference: Interval) -> str:
    first, second = comparison.first, comparison.second
    low, high = format_points(difference.low), format_points(difference.high)
    size = f"{format_points(difference.value)} points (95% interval {low} to {high})"
    size = f"{size} over {comparison.questions} questions"
    if comparison.is_different:
        direction = "more" if difference.value > 0 else "fewer"
        return f"{second} answers {direction} questions correctly than {first}: {size}."
    detectable = comparison.detectable_difference
    power = "" if detectable is None else (
        f" A difference of {abs(detectable) * 100:.1f} points would have been detected in 4 of 5 such runs."
    )  # fmt: skip
    return f"No difference in accuracy between {first} and {second} was shown: {size}.{power}"


def _describe_form(comparison: Comparison) -> str:
    form, lenient = comparison.form_difference, comparison.lenient_accuracy
    if form is None or lenient is None or not (comparison.is_partly_form or (comparison.form_share or 0) >= 0.05):
        return ""
    share = "" if comparison.form_share is None else f"{comparison.form_share + 0.0:.0%}; "
    low, high = format_points(form.low), format_points(form.high)
    return (
        f"Of this difference, {format_points(form.value)} points ({share}95% interval {low} to {high}) are form and "
        f"not skill: by the last number of each answer, it is {format_points(lenient.value)} points."
    )


def _describe_latency(comparison: Comparison, summary: Summary) -> str:
    if not summary.record.header.is_counterbalanced:
        return "Latency is not compared: in one block the arms do not take turns, so use --blocks 2 or more."
    ratio = comparison.ratios["e2e"]
    if ratio is None:
        return ""
    answer = f"answer of {comparison.second}" if _compares_policies(summary) else "answer"
    if math.isnan(ratio.low):
        return f"An {answer} takes {ratio.value:.2f} times as long."
    size = f"{ratio.value:.2f} times as long (95% interval {ratio.low:.2f} to {ratio.high:.2f})"
    if ratio.low <= 1 <= ratio.high:
        return f"No difference in latency was shown: an {answer} takes {size}."
    return f"An {answer} takes {size}{_describe_tokens(comparison.ratios['tokens'])}."


def _describe_tokens(ratio: Interval | None) -> str:
    return "" if ratio is None else f", with {ratio.value:.2f} times the tokens"


def format_points(difference: float) -> str:
    """Return a difference of proportions in percentage points, with its sign."""
    return f"{difference * 100:+.1f}"
