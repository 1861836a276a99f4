"""Find the shipped policies: inside the installed package, or in the source tree of an editable install."""

from __future__ import annotations

from pathlib import Path


def library_folder() -> Path:
    """Return the folder of the shipped policies.

    A wheel contains them as ``prompt_policy/library``. hatchling creates no such copy for an editable install, which
    uses the ``policies`` folder beside ``src``.
    """
    package = Path(__file__).resolve().parent.parent
    packed = package / "library"
    return packed if packed.is_dir() else package.parent.parent / "policies"


def list_policy_files(folder: Path) -> list[Path]:
    """Return the policy files of a folder, sorted by name, without hidden files."""
    found = (path for pattern in ("*.yaml", "*.yml") for path in folder.glob(pattern))
    return sorted(path for path in found if not path.name.startswith("."))


def list_shipped_names() -> list[str]:
    """Return the names of the shipped policies."""
    return [path.stem for path in list_policy_files(library_folder())]
