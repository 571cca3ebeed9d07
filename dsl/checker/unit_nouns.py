"""What a unit of an interaction is called: one noun, wherever its author names one."""

from dataclasses import dataclass, field

from dsl import syntax
from dsl.checker.context import Context
from dsl.diagnostics.interactions import DifferentNouns
from dsl.nouns import DEFAULT_NOUN, noun_key, same_noun


@dataclass
class UnitNoun:
    """The noun of one interaction, as far as it is known; the first mention decides."""

    interaction: str
    noun: str | None = None
    _reported: set[str] = field(default_factory=set)

    def mention(self, name: syntax.Name | None, context: Context) -> None:
        """Take note that the author calls a unit so here; another noun than before is reported, each once."""
        if name is None:
            return
        if self.noun is None:
            self.noun = name.text
        elif not same_noun(self.noun, name.text):
            if noun_key(name.text) not in self._reported:
                self._reported.add(noun_key(name.text))
                report = DifferentNouns(span=name.span, name=self.interaction, first=self.noun, second=name.text)
                context.report(report)
        elif len(name.text) < len(self.noun):
            self.noun = name.text

    @property
    def text(self) -> str:
        """The noun, in the singular where the author ever wrote it so."""
        return DEFAULT_NOUN if self.noun is None else self.noun
