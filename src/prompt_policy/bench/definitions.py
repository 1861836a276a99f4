"""What is measured: each figure's name, unit and definition, as they are printed with the figures."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Unit = Literal["share", "s", "ms", "tokens", "tokens/s", "requests/s", "count", "times"]


class Definition(NamedTuple):
    """One figure of an arm."""

    title: str
    unit: Unit
    text: str


_START: Final = "Counted from when a request was sent; in an open load from when it was due."

FIGURES: Final[dict[str, Definition]] = {
    "requests": Definition("requests", "count", "Requests measured; warm-up is not among them."),
    "errors": Definition(
        "errors", "count", "Requests without a whole answer, timeouts among them. They have no times, and keep no SLO."
    ),
    "timeouts": Definition("timeouts", "count", "Requests without a whole answer in time."),
    "accuracy": Definition(
        "accuracy",
        "share",
        "Right answers among all that were asked for. Wrong, missing, truncated and unverifiable ones count against "
        "it, and so do timeouts and refusals; other failures of the server are left out. Wilson's interval with the "
        "effective number of answers, since answers to one question are alike.",
    ),
    "no_answer": Definition("no answer", "count", "Answers without a \\boxed{} or a line #### behind the thinking."),
    "truncated": Definition("truncated", "count", "Answers that ran out of length (finish_reason: length)."),
    "unverifiable": Definition("unverifiable", "count", "Answers of which nobody could tell whether they are right."),
    "e2e": Definition("latency", "s", f"Until the stream's last byte. {_START}"),
    "ttft": Definition("time to first token", "s", f"Until the first generated text; thinking counts. {_START}"),
    "visible": Definition(
        "time to first visible", "s", f"Until the first text that is neither a thought nor whitespace. {_START}"
    ),
    "tpot": Definition("time per output token", "ms", "(latency - time to first token) / (tokens - 1), by answer."),
    "itl": Definition(
        "inter-token latency",
        "ms",
        "Over all tokens: the gap before a piece of bytes, divided by the tokens that it brought.",
    ),
    "longest_gap": Definition("longest gap", "ms", "The longest wait between two pieces of any answer."),
    "stalls": Definition(
        "stalls", "count", "Gaps of at least 100 ms that are more than 10 times the answer's own median gap."
    ),
    "delay": Definition("dispatch delay", "ms", "How much later than due a request was sent; 95th percentile."),
    "tokens": Definition("tokens per answer", "tokens", "completion_tokens as the server counts them, thinking too."),
    "tokens_per_second_request": Definition("tokens/s per answer", "tokens/s", "Tokens / latency, mean over answers."),
    "tokens_per_second": Definition(
        "tokens/s in all", "tokens/s", "Tokens of the whole answers / seconds of the arm's blocks."
    ),
    "requests_per_second": Definition("requests/s", "requests/s", "Whole answers / seconds of the arm's blocks."),
    "in_flight": Definition(
        "requests in flight", "count", "Mean over the blocks' seconds: latencies, from sent to ended, / seconds."
    ),
    "goodput": Definition("goodput", "requests/s", "Answers that keep every SLO / seconds of the arm's blocks."),
    "correct_goodput": Definition("goodput of right ones", "requests/s", "The same, for answers that are right too."),
    "tokens_per_correct": Definition("tokens per right answer", "tokens", "All tokens / right answers."),
    "seconds_per_correct": Definition(
        "seconds per right answer", "s", "All latencies, from sent to ended, / right answers."
    ),
}

DIFFERENCES: Final[dict[str, Definition]] = {
    "accuracy_difference": Definition(
        "accuracy, difference",
        "share",
        "Paired by question: the mean over the questions of second arm - first arm, with Student's interval. It speaks "
        "of questions like these.",
    ),
    "detectable_difference": Definition(
        "smallest detectable", "share", "The difference that 4 of 5 such runs would tell from none."
    ),
    "e2e_ratio": Definition(
        "latency, ratio", "times", "Second arm / first arm: geometric mean over the questions, bootstrap interval."
    ),
    "ttft_ratio": Definition("time to first token, ratio", "times", "The same of the time to first token."),
    "visible_ratio": Definition("time to first visible, ratio", "times", "The same of the time to first visible."),
    "tpot_ratio": Definition("time per output token, ratio", "times", "The same of the time per output token."),
    "tokens_ratio": Definition("tokens, ratio", "times", "The same of the tokens per answer."),
    "throughput_ratio": Definition(
        "tokens/s in all, ratio", "times", "Second arm / first arm: geometric mean over the blocks, bootstrap interval."
    ),
}
