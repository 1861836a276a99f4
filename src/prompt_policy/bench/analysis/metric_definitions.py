"""Define what is measured: the title, unit and definition of each metric, as the report prints them."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Unit = Literal["share", "s", "ms", "tokens", "tokens/s", "requests/s", "count", "times"]


class MetricDefinition(NamedTuple):
    """One metric of an arm or of a comparison."""

    title: str
    unit: Unit
    text: str


_START: Final = "Measured from the time of sending; in an open loop, from the scheduled time."

METRICS: Final[dict[str, MetricDefinition]] = {
    "requests": MetricDefinition("requests", "count", "Measured requests, without warm-up."),
    "errors": MetricDefinition(
        "errors",
        "count",
        "Requests without a complete answer, including timeouts. They have no latencies and meet no SLO.",
    ),
    "timeouts": MetricDefinition("timeouts", "count", "Requests without a complete answer within the time limit."),
    "accuracy": MetricDefinition(
        "accuracy",
        "share",
        "Correct answers divided by requests. Wrong, missing, truncated and unverifiable answers, timeouts and refused "
        "requests count as incorrect; other server failures are excluded. The interval is Wilson's with the effective "
        "number of answers, because answers to one question are alike.",
    ),
    "lenient_accuracy": MetricDefinition(
        "accuracy by last number",
        "share",
        "The same, but an answer is also correct if its last number is the expected one, in whatever form. Only for "
        "the methods box and gsm8k with numbers; truncated answers stay incorrect.",
    ),
    "no_answer": MetricDefinition(
        "no answer", "count", "Answers without the form that the matching method reads, such as a \\boxed{}."
    ),
    "truncated": MetricDefinition(
        "truncated", "count", "Answers that reached the token limit (finish_reason: length)."
    ),
    "unverifiable": MetricDefinition("unverifiable", "count", "Answers that could not be graded automatically."),
    "not_judged": MetricDefinition(
        "not judged", "count", "Answers on which the judge failed. They are excluded from accuracy."
    ),
    "e2e": MetricDefinition("latency", "s", f"Time until the last byte of the stream. {_START}"),
    "ttft": MetricDefinition(
        "time to first token", "s", f"Time until the first generated text, including reasoning. {_START}"
    ),
    "visible": MetricDefinition(
        "time to first visible", "s", f"Time until the first text that is neither reasoning nor whitespace. {_START}"
    ),
    "tpot": MetricDefinition(
        "time per output token", "ms", "(latency - time to first token) / (tokens - 1), per answer."
    ),
    "itl": MetricDefinition(
        "inter-token latency",
        "ms",
        "Over all tokens: the gap before a group of tokens, divided by the number of tokens in it.",
    ),
    "longest_gap": MetricDefinition("longest gap", "ms", "The longest gap between two arrivals in any answer."),
    "stalls": MetricDefinition(
        "stalls", "count", "Gaps of at least 100 ms that are more than 10 times the answer's own median gap."
    ),
    "delay": MetricDefinition(
        "dispatch delay", "ms", "How much later than scheduled a request was sent; 95th percentile."
    ),
    "tokens": MetricDefinition(
        "tokens per answer", "tokens", "completion_tokens as counted by the server, including reasoning."
    ),
    "tokens_per_second_request": MetricDefinition(
        "tokens/s per answer", "tokens/s", "Tokens / latency, mean over the answers."
    ),
    "tokens_per_second": MetricDefinition(
        "tokens/s in total", "tokens/s", "Tokens of the complete answers / duration of the arm's blocks."
    ),
    "requests_per_second": MetricDefinition(
        "requests/s", "requests/s", "Complete answers / duration of the arm's blocks."
    ),
    "in_flight": MetricDefinition(
        "requests in flight", "count", "Mean number of concurrent requests: total latency from sending / duration."
    ),
    "goodput": MetricDefinition("goodput", "requests/s", "Answers that meet every SLO / duration of the arm's blocks."),
    "correct_goodput": MetricDefinition(
        "correct goodput", "requests/s", "Correct answers that meet every SLO / duration of the arm's blocks."
    ),
    "tokens_per_correct": MetricDefinition("tokens per correct answer", "tokens", "All tokens / correct answers."),
    "seconds_per_correct": MetricDefinition(
        "seconds per correct answer", "s", "Total latency from sending / correct answers."
    ),
}

COMPARISON_METRICS: Final[dict[str, MetricDefinition]] = {
    "accuracy_difference": MetricDefinition(
        "accuracy, difference",
        "share",
        "Paired by question: the mean over the questions of second arm - first arm, with Newcombe's interval for "
        "clustered answers. It generalises to questions of the same kind.",
    ),
    "lenient_difference": MetricDefinition(
        "accuracy by last number, difference", "share", "The same for the accuracy by last number."
    ),
    "form_difference": MetricDefinition(
        "difference that is form",
        "share",
        "The difference in accuracy minus that by last number, with the same interval: what the second arm gains by "
        "answers in the requested form, and not by more answers that are right.",
    ),
    "form_share": MetricDefinition(
        "share that is form", "share", "The difference that is form / the difference in accuracy, if one was shown."
    ),
    "detectable_difference": MetricDefinition(
        "smallest detectable", "share", "The true difference that 4 of 5 such runs would detect."
    ),
    "e2e_ratio": MetricDefinition(
        "latency, ratio", "times", "Second arm / first arm: geometric mean over the questions, bootstrap interval."
    ),
    "ttft_ratio": MetricDefinition("time to first token, ratio", "times", "The same for the time to first token."),
    "visible_ratio": MetricDefinition(
        "time to first visible, ratio", "times", "The same for the time to first visible."
    ),
    "tpot_ratio": MetricDefinition("time per output token, ratio", "times", "The same for the time per output token."),
    "tokens_ratio": MetricDefinition("tokens, ratio", "times", "The same for the tokens per answer."),
    "throughput_ratio": MetricDefinition(
        "tokens/s in total, ratio",
        "times",
        "Second arm / first arm: geometric mean over the blocks, bootstrap interval.",
    ),
}
