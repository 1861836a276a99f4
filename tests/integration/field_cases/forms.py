"""The forms in which each case is sent: as reported, and as other servers and networks send it."""

from __future__ import annotations

from typing import Final

from tests.integration.field_cases.case import FieldCase, load_cases

CASES: Final = [case for cases in load_cases().values() for case in cases]
_FORMS: Final = ("as sent", "whole", "CRLF, cut anywhere", "both keys", "older key", "two choices")
ALL: Final[list[FieldCase]] = [form for case in CASES for form in case.list_forms(*_FORMS)]
THROUGH_THE_SDK: Final = [form for form in ALL if form.form not in ("CRLF, cut anywhere", "older key")]
THROUGH_LITELLM: Final[list[FieldCase]] = [
    form
    for case in CASES
    for form in case.list_forms("as sent", "whole", "both keys", *(["two choices"] if case.litellm_second else []))
]
