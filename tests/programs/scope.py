"""What may be named at one place of a program, and what is known there to be present."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from random import Random
from zoneinfo import ZoneInfo

from tests.programs.model import Attribute, Kind, Size

BUILT_IN = tuple(
    Attribute(name, name, "timestamp" if name == "time" else "string")
    for name in ("id", "source", "type", "subject", "time")
)


@dataclass
class Workshop:
    """What all parts of one program under construction share."""

    rng: Random
    zone: ZoneInfo
    size: Size
    landmarks: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Scope:
    """`known` are the optional attributes proven present here; those `touched` by a test are not tested again."""

    shop: Workshop
    attributes: tuple[Attribute, ...]
    known: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()

    @property
    def rng(self) -> Random:
        """The program's source of chance."""
        return self.shop.rng

    def usable(self, *kinds: Kind) -> list[Attribute]:
        """Attributes of these kinds that have a value here whatever the event."""
        return [a for a in self.attributes if a.kind in kinds and (not a.optional or a.name in self.known)]

    def doubtful(self, *kinds: Kind) -> list[Attribute]:
        """Optional attributes of these kinds (of any kind, without one) that may be missing and are yet untested."""
        return [
            a
            for a in self.attributes
            if (not kinds or a.kind in kinds) and a.optional and a.name not in self.known and a.name not in self.touched
        ]

    def knowing(self, known: frozenset[str], touched: frozenset[str]) -> "Scope":
        """The scope with more known."""
        return replace(self, known=self.known | known, touched=self.touched | touched)
