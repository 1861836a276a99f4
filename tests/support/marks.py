"""Parameters that several suites run their tests with."""

from __future__ import annotations

import pytest

WHOLE_AND_STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
