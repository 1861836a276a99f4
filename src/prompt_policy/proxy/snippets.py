"""What to try once the proxy is ready, for a shell and for Python."""

from __future__ import annotations

import json
import shlex
from typing import Final

_QUESTION: Final = [{"role": "user", "content": "What is 7 * 6?"}]


def curl(base: str, model: str, key: str) -> str:
    """Return a request as a shell command. A ``key`` that begins with ``$`` is a variable of the shell."""
    body = json.dumps({"model": model, "messages": _QUESTION}, ensure_ascii=False)
    return (
        f"curl {base}/chat/completions \\\n"
        f'  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(body)}"
    )


def python(base: str, model: str, key: str) -> str:
    """Return a request as a Python program. A ``key`` that begins with ``$`` is a variable of the shell."""
    variable = key.removeprefix("$")
    literal = repr(key) if variable == key else f"os.environ[{variable!r}]"
    return (
        f"{'' if variable == key else 'import os' + chr(10)}"
        "from openai import OpenAI\n"
        f"client = OpenAI(base_url={base!r}, api_key={literal})\n"
        f"answer = client.chat.completions.create(model={model!r}, messages={_QUESTION!r})\n"
        "print(answer.choices[0].message.content)"
    )
