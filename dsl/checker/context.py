"""What every part of the checker shares: the file, its zone, and the diagnostics found so far."""

from dataclasses import dataclass, field

from dsl.diagnostics import Diagnostic
from dsl.source import Source
from dsl.zones import Zone


@dataclass
class Context:
    """One run of the checker over one file. `zone` is UTC until the header is read."""

    source: Source
    zone: Zone
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def report(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic."""
        self.diagnostics.append(diagnostic)
