"""Parse the name of a model, as a client or a configuration writes it, into the texts that globs are compared with."""

from __future__ import annotations

from typing import NamedTuple

from prompt_policy.policy.names.families import Reading, read_families
from prompt_policy.policy.names.spelling import clean_path, normalise_segment


class ModelName(NamedTuple):
    """A model's name in lower case.

    Attributes:
        wholes: the whole name as written, without LiteLLM's provider prefix, and without addresses and cache folders.
        path: the last of these with its last segment normalised.
        written: the segment that names the model, as written: the last in which a family is named, or the last.
        normal: the same segment, normalised.
        tail: ``written``, ``normal`` and, if the model is named by a folder, the same texts of all segments below it.
        reading: the families in ``normal``, and the words in ``tail`` that mark a derived model.
    """

    wholes: tuple[str, ...]
    path: str
    written: str
    normal: str
    tail: tuple[str, ...]
    reading: Reading

    @property
    def text(self) -> str:
        """All texts that a glob may match, for a quick test of its literal parts."""
        return "\n".join((*self.wholes, self.path, self.written, self.normal))


def parse_model_name(whole: str, bare: str) -> ModelName:
    """Parse a name in lower case.

    Arguments:
        whole: the name as written.
        bare: the name without LiteLLM's provider prefix.
    """
    path = clean_path(bare)
    segments = [segment for segment in path.split("/") if segment] or [path]
    normals = [normalise_segment(segment) for segment in segments]
    readings = [read_families(normal) for normal in normals]
    place = max((place for place, reading in enumerate(readings) if reading.families), default=len(segments) - 1)
    *folders, _last = segments
    derived = frozenset().union(*(reading.derived for reading in readings[place:]))
    return ModelName(
        tuple(dict.fromkeys((whole, bare, path))),
        "/".join((*folders, normals[-1])),
        segments[place],
        normals[place],
        tuple(dict.fromkeys((*segments[place:], *normals[place:]))),
        readings[place]._replace(derived=derived),
    )
