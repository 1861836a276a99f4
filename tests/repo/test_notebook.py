"""The notebook runs from top to bottom, against the echo backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "quickstart.ipynb"


def read_notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_quickstart_runs(serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{serve()}/v1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    notebook = read_notebook()

    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    outputs = [str(cell.get("outputs", "")) for cell in notebook.cells]
    assert '"temperature": 0.6' in outputs[3].replace('\\"', '"')
    assert "x-prompt-policy-changed" in outputs[7]
    assert '"temperature": 0.3' in outputs[9].replace('\\"', '"')
    assert all(not cell.get("outputs") for cell in read_notebook().cells)  # outputs are not committed
