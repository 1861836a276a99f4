"""Cases from a seed: ordinary requests and answers, and hostile ones, always the same for the same seed and place."""

from tests.properties.differential.generate.cases import build_case
from tests.properties.differential.generate.places import build_places
from tests.properties.differential.generate.policies import EXTRAS

__all__ = ["EXTRAS", "build_case", "build_places"]
