"""A fake server that replays a recorded answer for each path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.fake_backend import FakeBackend, Response, build_json_response


class FakeReplay(FakeBackend):
    """Answer each path below a root of its own, for example ``/some-case/v1/chat/completions``."""

    def __init__(self, answers_by_root: Mapping[str, Response]) -> None:
        super().__init__()
        self._answers_by_root = answers_by_root
        self.bodies_by_root: dict[str, dict[str, Any]] = {}

    def _choose_response(self, path: str) -> Response:
        root = path.split("/")[1]
        if not path.endswith("/chat/completions") or root not in self._answers_by_root:
            return build_json_response({"error": {"message": "not found", "type": "not_found"}}, 404)
        self.bodies_by_root[root] = self.last()
        return self._answers_by_root[root]
