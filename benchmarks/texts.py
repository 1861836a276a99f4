"""Answers as models write them: plain words, markdown, Chinese, code and the arguments of tool calls."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from benchmarks.bodies import MODEL

WORDS: Final = " ".join(f"word{number} other{number}" for number in range(200))

MARKDOWN: Final = """\
## Rivers of Europe

Europe has **two long rivers** that cross several countries: the *Volga* and the *Danube*. The first one ends in the
Caspian Sea, the second one in the Black Sea.

1. **Volga** - 3,530 km, from the Valdai Hills to the Caspian Sea
   - Cities: Tver, Nizhny Novgorod, Kazan, Volgograd
   - Known as "Mother Volga" in songs
2. **Danube** - 2,850 km, from the Black Forest to the Black Sea
   - Cities: Ulm, Vienna, Bratislava, Budapest, Belgrade
   - Crosses *ten* countries, "more than any other river"
3. **Dnieper** - 2,200 km, through Smolensk and Kyiv

### How to sort them

This function returns the rivers, longest first:

```python
def sort_rivers(rivers: dict[str, int]) -> list[str]:
    \"\"\"Return the names, longest river first.\"\"\"
    ordered = sorted(rivers.items(), key=lambda item: -item[1])

    for name, length in ordered:
        print(f"{name:<10}{length:>6} km")
    return [name for name, _ in ordered]

sort_rivers({"Volga": 3530, "Danube": 2850, "Dnieper": 2200})
```

| River   | Length   | Mouth       |
|---------|----------|-------------|
| Volga   | 3,530 km | Caspian Sea |
| Danube  | 2,850 km | Black Sea   |
| Dnieper | 2,200 km | Black Sea   |

> "A river cuts through rock, not because of its power, but because of its persistence."

### Summary

- The **Volga** is the longest river of Europe.
- The **Danube** passes through the most countries.
- The **Dnieper** connects Russia, Belarus and Ukraine.

Would you like to know more about one of them? I can list its tributaries, its dams, or the "top 5" towns on its banks.
"""

CHINESE: Final = """\
欧洲有两条很长的河流：伏尔加河和多瑙河。前者流入里海，后者流入黑海。

一、伏尔加河，全长约3530公里，发源于瓦尔代丘陵，流经特维尔、喀山和伏尔加格勒，被称为“母亲河”。
二、多瑙河，全长约2850公里，发源于黑森林，流经维也纳、布达佩斯和贝尔格莱德，经过十个国家。

总之，伏尔加河是欧洲最长的河流，而多瑙河流经的国家最多。您还想了解其中哪一条河流呢？
"""

CODE: Final = """\
from __future__ import annotations

import json
from pathlib import Path


class Inventory:
    \"\"\"Counts of items, stored as JSON.\"\"\"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}

    def add(self, name: str, count: int = 1) -> int:
        if count < 1:
            raise ValueError(f"count must be positive, not {count!r}")
        self._counts[name] = self._counts.get(name, 0) + count
        return self._counts[name]

    def save(self) -> None:
        text = json.dumps(self._counts, indent=2, sort_keys=True)
        self._path.write_text(text + "\\n", encoding="utf-8")


if __name__ == "__main__":
    inventory = Inventory(Path("inventory.json"))
    inventory.add("apple", 3)
    inventory.save()
"""

ARGUMENTS: Final = json.dumps({
    "path": "notes/rivers.md",
    "content": "# Rivers\n\n- \"Volga\": 3,530 km\n- \"Danube\": 2,850 km\n" * 4,
    "tags": ["europe", "rivers", "length"],
})  # fmt: skip

_TOKEN: Final = re.compile(r"[\u4e00-\u9fff]{1,2}| ?[A-Za-z_]{1,8}| ?\d{1,3}|\n+| +|[^\w\s]{1,3}|\s|\w")


def split_tokens(text: str) -> list[str]:
    """Return a text in pieces of the size of a tokenizer's tokens; joined they are the text."""
    return _TOKEN.findall(text)


def fill(text: str, size: int) -> str:
    """Return a text of ``size`` characters that repeats another one, without whitespace at its end."""
    return (text * (size // len(text) + 1))[: size - 1].rstrip().ljust(size, ".")


def build_chunk(delta: dict[str, Any]) -> bytes:
    """Return the event of a chat completion's chunk, spaced and ordered as vLLM writes it."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}
    return f"data: {json.dumps(chunk, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def build_text_chunks(text: str) -> list[bytes]:
    """Return the events of a streamed answer, a token each."""
    return [build_chunk({"content": token}) for token in split_tokens(text)]


def build_tool_chunks(arguments: str) -> list[bytes]:
    """Return the events of a streamed tool call: its name first, then a token of its arguments each."""
    head = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "write_file", "arguments": ""}}
    pieces = [{"index": 0, "function": {"arguments": token}} for token in split_tokens(arguments)]
    return [build_chunk({"tool_calls": [call]}) for call in (head, *pieces)]


def build_answer(text: str) -> bytes:
    """Return the body of a whole chat completion, spaced and ordered as vLLM writes it."""
    message = {"role": "assistant", "content": text, "tool_calls": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop", "stop_reason": None}
    usage = {"prompt_tokens": 700, "total_tokens": 1200, "completion_tokens": 500}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}
    return json.dumps({**answer, "usage": usage}, ensure_ascii=False, separators=(",", ":")).encode()
