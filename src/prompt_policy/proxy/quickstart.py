"""Example requests that are printed once the proxy is ready, for a shell and for Python."""

from __future__ import annotations

import json
import shlex
from typing import Final

_MESSAGES: Final = [{"role": "user", "content": "What is 7 * 6?"}]


def format_curl(base: str, model: str, key: str) -> str:
    """Return a request as a shell command. A ``key`` that begins with ``$`` is a shell variable."""
    body = json.dumps({"model": model, "messages": _MESSAGES}, ensure_ascii=False)
    return (
        f"curl {base}/chat/completions \\\n"
        f'  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(body)}"
    )


def format_python(base: str, model: str, key: str) -> str:
    """Return a request as a Python program. A ``key`` that begins with ``$`` is an environment variable."""
    variable = key.removeprefix("$")
    literal = repr(key) if variable == key else f"os.environ[{variable!r}]"
    return (
        f"{'' if variable == key else 'import os' + chr(10)}"
        "from openai import OpenAI\n"
        f"client = OpenAI(base_url={base!r}, api_key={literal})\n"
        f"answer = client.chat.completions.create(model={model!r}, messages={_MESSAGES!r})\n"
        "print(answer.choices[0].message.content)"
    )
