"""Where the shipped policies are: in the package, or in the source tree that it runs from."""

from __future__ import annotations

from pathlib import Path


def library_folder() -> Path:
    """Return the folder of the shipped policies.

    A wheel holds them as ``prompt_policy/library``. An editable install has no copy there (hatchling does not
    make one), and finds the ``policies`` folder beside ``src``.
    """
    package = Path(__file__).resolve().parent.parent
    packed = package / "library"
    return packed if packed.is_dir() else package.parent.parent / "policies"


def policy_files(folder: Path) -> list[Path]:
    """Return the policy files of a folder, by name; hidden ones are left out."""
    found = (path for pattern in ("*.yaml", "*.yml") for path in folder.glob(pattern))
    return sorted(path for path in found if not path.name.startswith("."))


def shipped_names() -> list[str]:
    """Return the names of the shipped policies."""
    return [path.stem for path in policy_files(library_folder())]
