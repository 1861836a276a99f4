"""The folders of small chat templates that behave as those of real models do."""

from __future__ import annotations

from pathlib import Path

TEMPLATES = Path(__file__).parents[1] / "integration" / "templates"
VLLM_TEMPLATES = TEMPLATES.parent / "vllm" / "templates"
