"""Reports of decisions: the log, the span, and the log handler."""

from __future__ import annotations

import copy
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from prompt_policy import Pipeline, UsageError
from prompt_policy.runtime import telemetry
from prompt_policy.runtime.filter_chain import RuleGuard
from prompt_policy.runtime.telemetry import (
    DecisionReporter,
    LineFormatter,
    create_reporter,
    ensure_log_handler,
    parse_sample_rate,
    report_end,
)
from tests.support.end_after import EndAfter
from tests.support.policies import chat, policy_of

COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"max": 0.7}}}
NO = {"kind": "reject", "name": "no", "message": "no", "when": {"has_tools": True}}
PIPELINE = Pipeline(policy_of(COOL, NO))


def count_logged(caplog: pytest.LogCaptureFixture, sample: float, times: int, **keys: Any) -> int:
    with caplog.at_level(logging.INFO, "prompt_policy.decision"):
        for _ in range(times):
            DecisionReporter(sample).report(PIPELINE.apply(chat("Hi", **keys), "chat"))
    return len(caplog.records)


def test_decision_is_logged_as_one_json_line(caplog: pytest.LogCaptureFixture) -> None:
    assert count_logged(caplog, 1, 1, temperature=1.3) == 1
    told = json.loads(caplog.records[0].getMessage())
    assert (told["policy"], told["applied"]) == ("test", ["cool"])


def test_share_of_decisions_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert 300 < count_logged(caplog, 0.5, 1000) < 700


def test_refusals_are_always_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert count_logged(caplog, 0, 3) == 0
    assert count_logged(caplog, 0, 3, tools=[{}]) == 3


@pytest.mark.parametrize(("value", "share"), [("0.25", 0.25), (1, 1), (0, 0), ("1", 1)])
def test_valid_sample_rates_are_parsed(value: object, share: float) -> None:
    assert parse_sample_rate(value, "x") == share


@pytest.mark.parametrize("value", ["", "a", "-1", 2, None, True, "nan", [1]])
def test_invalid_sample_rates_are_rejected(value: object) -> None:
    with pytest.raises(UsageError, match="x: expected a share from 0 to 1"):
        parse_sample_rate(value, "x")


def test_sample_rate_is_read_from_the_environment() -> None:
    assert create_reporter({"PROMPT_POLICY_LOG_SAMPLE": "0.5"}).sample_rate == 0.5
    assert create_reporter({}).sample_rate == 1


@pytest.mark.parametrize(("keys", "refused"), [({"temperature": 1.3}, False), ({"tools": [{}]}, True)])
def test_active_span_gets_the_decision(keys: dict[str, Any], refused: bool) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        DecisionReporter().report(PIPELINE.apply(chat("secret words", **keys), "chat"))
    attributes = dict(getattr(span, "attributes", {}))
    assert attributes == {
        "prompt_policy.policy": "test",
        "prompt_policy.hash": PIPELINE.hash,
        "prompt_policy.applied": () if refused else ("cool",),
        "prompt_policy.refused": refused,
    }


@pytest.mark.parametrize(("audited", "action"), [(False, "ended"), (True, "would have ended")])
def test_end_of_an_answer_is_logged_and_noted_on_the_span(
    audited: bool, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    guard = EndAfter(4)
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        report_end("test", RuleGuard("cool", audited, lambda: guard), guard)
    assert caplog.records[0].getMessage() == f"policy test, rule cool: {action} an answer, because it is too long"
    attributes = dict(getattr(span, "attributes", {}))
    assert attributes == ({} if audited else {"prompt_policy.ended_by": "cool"})


class FakeHandler(logging.Handler):
    """A user's handler that records the lines it formats."""

    def __init__(self, line_format: str = "%(message)s") -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter(line_format))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def decisions(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """The decision log's logger, whose settings are restored afterwards."""
    logger = logging.getLogger("prompt_policy.decision")
    for name in ("level", "handlers", "filters", "disabled", "propagate"):
        value = getattr(logger, name)
        monkeypatch.setattr(logger, name, list(value) if isinstance(value, list) else value)
    logger.setLevel(logging.INFO)
    return logger


def report_once(**keys: Any) -> None:
    DecisionReporter().report(PIPELINE.apply(chat("Hi", **keys), "chat"))


def test_record_names_its_source(decisions: logging.Logger) -> None:
    handler = FakeHandler("%(pathname)s %(filename)s %(module)s %(funcName)s %(name)s %(levelname)s %(processName)s")
    decisions.addHandler(handler)
    report_once()
    path = telemetry.__file__
    assert handler.lines == [f"{path} telemetry.py telemetry _log_line prompt_policy.decision INFO MainProcess"]


def test_record_differs_from_info_only_in_line_and_time(
    decisions: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    report_once()
    decisions.info(caplog.records[0].msg)
    ours, standard = (vars(record) for record in caplog.records)
    assert ours.keys() == standard.keys()
    differing = {name for name in ours if ours[name] != standard[name]}
    assert differing <= {
        "lineno", "created", "msecs", "relativeCreated", "pathname", "filename", "module", "funcName",
    }  # fmt: skip
    lines = Path(ours["pathname"]).read_text().splitlines()
    assert lines[ours["lineno"] - 1].startswith(f"def {ours['funcName']}(")


@pytest.mark.parametrize(
    "silence",
    [
        lambda logger: setattr(logger, "disabled", True),
        lambda logger: logger.setLevel(logging.WARNING),
        lambda logger: logger.addFilter(lambda _record: False),
        lambda logger: logger.handlers[0].addFilter(lambda _record: False),
        lambda logger: logger.handlers[0].setLevel(logging.WARNING),
    ],
    ids=["disabled", "level", "filter", "handler's filter", "handler's level"],
)
def test_settings_of_the_logger_are_respected(
    decisions: logging.Logger, silence: Callable[[logging.Logger], None], caplog: pytest.LogCaptureFixture
) -> None:
    handler = FakeHandler()
    decisions.handlers = [handler]
    report_once()
    assert len(handler.lines) == 1
    silence(decisions)
    report_once()
    assert len(handler.lines) == 1


def test_globally_disabled_level_is_not_logged(decisions: logging.Logger) -> None:
    handler = FakeHandler()
    decisions.addHandler(handler)
    logging.disable(logging.INFO)
    try:
        report_once()
    finally:
        logging.disable(logging.NOTSET)
    assert handler.lines == []


@pytest.mark.parametrize("propagate", [True, False])
def test_propagation_is_respected(decisions: logging.Logger, propagate: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = FakeHandler()
    monkeypatch.setattr(logging.getLogger("prompt_policy"), "handlers", [handler])
    decisions.propagate = propagate
    report_once()
    assert len(handler.lines) == int(propagate)


def test_filters_and_factories_may_extend_a_record(decisions: logging.Logger) -> None:
    standard = logging.getLogRecordFactory()

    def trace(*args: Any, **keys: Any) -> logging.LogRecord:
        record = standard(*args, **keys)
        record.trace = "t-1"
        return record

    def add_tenant(record: logging.LogRecord) -> bool:
        record.tenant = "red"
        return True

    handler = FakeHandler("%(trace)s %(tenant)s")
    decisions.addHandler(handler)
    decisions.addFilter(add_tenant)
    logging.setLogRecordFactory(trace)
    try:
        report_once()
    finally:
        logging.setLogRecordFactory(standard)
    assert handler.lines == ["t-1 red"]


def test_percent_sign_in_a_line_is_kept(decisions: logging.Logger) -> None:
    handler = FakeHandler()
    decisions.addHandler(handler)
    DecisionReporter().report(PIPELINE.apply({**chat("Hi"), "model": "100%s %d"}, "chat"))
    assert json.loads(handler.lines[0])["model"] == "100%s %d"


STANDARD = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
DST_ENDS = 1_792_890_000  # 2026-10-25 01:00 UTC, when clocks in Berlin change from 03:00 to 02:00
DST_BEGINS = 1_774_746_000  # 2026-03-29 01:00 UTC, when they change from 02:00 to 03:00


def create_record(created: float, message: str = "a line", *args: Any, **keys: Any) -> logging.LogRecord:
    record = logging.LogRecord("prompt_policy.decision", logging.INFO, "file.py", 1, message, args, None, **keys)
    record.created = created
    record.msecs = (created - int(created)) * 1000
    return record


def assert_formatted_equally(ours: logging.Formatter, record: logging.LogRecord) -> None:
    assert ours.format(copy.copy(record)) == STANDARD.format(copy.copy(record))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@given(st.lists(st.floats(0, 4e9), min_size=1))
def test_times_equal_those_of_the_standard_formatter(times: list[float]) -> None:
    ours = LineFormatter()
    for created in times:
        assert_formatted_equally(ours, create_record(created))


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("change", [DST_ENDS, DST_BEGINS])
def test_local_time_follows_daylight_saving_time(change: int) -> None:
    ours = LineFormatter()
    hours = [ours.format(create_record(change + offset))[11:13] for offset in (-0.001, 0, 3599.9, 3600, -3600)]

    for offset in (-0.001, 0, 3599.9, 3600, -3600):
        assert_formatted_equally(ours, create_record(change + offset))
    assert hours == (["02", "02", "02", "03", "02"] if change == DST_ENDS else ["01", "03", "03", "04", "01"])


@pytest.mark.parametrize("milliseconds", [0, 0.4, 7, 42.99, 999, 999.9999])
def test_milliseconds_have_three_digits(milliseconds: float) -> None:
    record = create_record(1.0)
    record.msecs = milliseconds
    assert_formatted_equally(LineFormatter(), record)


@pytest.mark.parametrize(
    "record",
    [
        create_record(1.0, "%s of %d", "one", 2),
        create_record(1.0, "100 %"),
        create_record(1.0, "ends its line\n", sinfo="Stack (most recent call last):\n  a.py"),
        create_record(1.0, ""),
    ],
)
def test_messages_and_stacks_equal_the_standard_formatter(record: logging.LogRecord) -> None:
    assert_formatted_equally(LineFormatter(), record)


def test_exception_follows_its_line_only() -> None:
    ours = LineFormatter()
    try:
        raise ValueError("wrong")
    except ValueError:
        failed = create_record(1.0, "failed", sinfo="Stack (most recent call last):\n  a.py")
        failed.exc_info = sys.exc_info()

    assert_formatted_equally(ours, failed)
    assert "ValueError: wrong" in ours.format(failed)
    assert failed.exc_text  # cached for the next handler
    assert_formatted_equally(ours, failed)
    assert_formatted_equally(ours, create_record(1.5))


def test_concurrent_threads_do_not_mix_their_seconds() -> None:
    class InterruptedFormatter(LineFormatter):
        """A formatter whose thread is interrupted, while it converts a second, by one that formats the next."""

        def converter(self, created: float | None) -> time.struct_time:
            if created == 1:
                assert_formatted_equally(self, create_record(2.5))
            return time.localtime(created)

    ours = InterruptedFormatter()
    for created in (1.25, 2.75, 1.5, 1.75, 2.25):
        assert_formatted_equally(ours, create_record(created))


def create_unattached_logger(level: int = logging.NOTSET) -> logging.Logger:
    logger = logging.Logger("test", level)
    logger.parent = None
    return logger


def test_handler_is_attached_once_without_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    logger = create_unattached_logger()

    ensure_log_handler(logger)
    ensure_log_handler(logger)
    logger.info("a line")

    assert len(logger.handlers) == 1
    assert capsys.readouterr().err.endswith(" INFO test: a line\n")


def test_configured_logger_is_not_changed() -> None:
    logger = create_unattached_logger(logging.ERROR)
    logger.addHandler(logging.NullHandler())

    ensure_log_handler(logger)

    assert logger.level == logging.ERROR
    assert len(logger.handlers) == 1
