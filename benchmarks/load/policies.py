"""A folder of policies that is edited, broken and restored, and the effects of each version on a request."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from prompt_policy import load

HOT: Final = 2.0
"""A temperature that every version rejects."""
_TEXT: Final = """version: 1
name: main
applies_to: {{models: ["model-*"]}}
rules:
  - name: no-heat
    kind: reject
    when: {{parameters: {{temperature: {{gt: 1.5}}}}}}
    message: Version {number} refuses.
  - {{name: warm, kind: clamp, parameters: {{temperature: {{value: {temperature}}}, top_p: {{value: {top_p}}}}}}}
  - {{name: start, kind: force_opening, text: "{opening}"}}
  - {{name: steps, kind: append_suffix, when: {{task: math}}, text: Step by step.}}
  - {{name: say, kind: append_suffix, text: "{suffix}"}}
  - {{name: tidy, kind: filter_whitespace, max_blank_lines: {blank_lines}}}
"""
_OTHER: Final = "version: 1\nname: other\napplies_to: {models: [other]}\nrules: []\n"


class Version(NamedTuple):
    """A version of the policy; all versions differ in every value."""

    number: int

    @property
    def temperature(self) -> float:
        """The temperature that it sets."""
        return round((1 + self.number % 99) / 100, 2)

    @property
    def top_p(self) -> float:
        """The top_p that it sets."""
        return round((1 + self.number % 97) / 100, 2)

    @property
    def blank_lines(self) -> int:
        """How many blank lines it leaves in an answer."""
        return self.number % 4

    @property
    def opening(self) -> str:
        """The text at the start of every answer."""
        return f"<v{self.number}>"

    @property
    def suffix(self) -> str:
        """The text at the end of every question."""
        return f"Version {self.number}."

    @property
    def refusal(self) -> str:
        """The message for a request with a temperature that is too high."""
        return f"Version {self.number} refuses."

    @property
    def text(self) -> str:
        """The policy's file."""
        names = ("number", "temperature", "top_p", "opening", "suffix", "blank_lines")
        return _TEXT.format(**{name: getattr(self, name) for name in names})


class PolicyFolder:
    """The folder with the policies of a run.

    Attributes:
        valid: every version that could ever be active, by the name and hash in the header.
        floor: the version that every worker has loaded; no older one may be applied to later requests.
        edits: the changes of each kind.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.valid: dict[str, Version] = {}
        self.floor = 0
        self.edits: dict[str, int] = {}
        self._number = 0
        (folder / "other.yaml").write_text(_OTHER)
        self.edit()

    def edit(self, *, in_place: bool = False) -> str:
        """Write a new version; return its name and hash."""
        version = self._create_version()
        name = f"main@{load(self._write('.draft', version.text)).hash}"
        self.valid[name] = version
        self._replace_main(version.text, "edited", in_place=in_place)
        return name

    def write_broken(self, *, in_place: bool = False) -> None:
        """Write a new version with an error, of another kind each time."""
        text = self._create_version().text
        broken = (
            text.replace("append_suffix", "append_sufix"),
            text[: text.rindex("{") + 5],
            text.replace("rules:", "rulez:"),
            text.replace("value:", "minn:"),
        )
        self._replace_main(broken[self._number % len(broken)], "broken", in_place=in_place)

    def delete(self, name: str) -> None:
        """Delete a file."""
        (self.folder / f"{name}.yaml").unlink()
        self._count(f"{name} deleted")

    def restore(self, name: str = "other") -> None:
        """Write the other policy again."""
        self._write(f"{name}.yaml", _OTHER)
        self._count(f"{name} restored")

    def _create_version(self) -> Version:
        self._number += 1
        return Version(self._number)

    def _replace_main(self, text: str, what: str, *, in_place: bool) -> None:
        if in_place:
            self._write("main.yaml", text)
        else:
            self._write(".draft", text).rename(self.folder / "main.yaml")
        self._count(what)

    def _write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text)
        return file

    def _count(self, what: str) -> None:
        self.edits[what] = self.edits.get(what, 0) + 1
