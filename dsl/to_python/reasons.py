"""The sentences of `reason` as f-strings, and as functions where they depend on which part of a condition held."""

from dsl.core import (
    BooleanType,
    DateType,
    Expression,
    Interaction,
    ListType,
    NumberType,
    Read,
    TextType,
    TimestampType,
    WeekdayType,
    WordType,
)
from dsl.to_python.expressions import Expressions
from dsl.to_python.module import Local, Module, literal
from dsl.traversal import reads_of
from dsl.wording import (
    MOST_MET,
    MOST_UNMET,
    Every,
    Leaf,
    Normal,
    Slot,
    Some,
    Template,
    is_plain,
    met,
    more_hold,
    needs,
    shown,
    unmet,
)
from dsl.wording.texts import MASK

_FEW_PARTS = 5
_FEW_WORDS = 20


class Reasons:
    """Writes sentences for one module."""

    def __init__(self, module: Module, expressions: Expressions) -> None:
        self._module = module
        self._expressions = expressions

    # ── templates ───────────────────────────────────────────────────────────

    def sentence(self, template: Template) -> str:
        """The code of a template's text: an f-string, or a constant where it has no slots."""
        if all(isinstance(piece, str) and not isinstance(piece, Local) for piece in template):
            return self._module.text("".join(map(str, template)))
        word = self._only_word(template)
        return f'f"{self._inner(template)}"' if word is None else self._table(template, word)

    def _only_word(self, template: Template) -> Read | None:
        """What is read, where a template's one slot is a word of a short list."""
        slots = [piece for piece in template if isinstance(piece, Slot | Local)]
        match slots:
            case [Slot(expression=Read(type=WordType(words=words)) as read)] if len(words) <= _FEW_WORDS:
                return read
            case _:
                return None

    def _table(self, template: Template, read: Read) -> str:
        """The sentence for each word, made beforehand."""
        assert isinstance(read.type, WordType)
        texts = {
            w: "".join(p if isinstance(p, str) else shown(w, read.type) for p in template) for w in read.type.words
        }
        return f"{self._module.constant(texts, 'REASONS')}[{self._module.read(read)}]"

    def _inner(self, template: Template) -> str:
        return "".join(map(self._piece, template))

    def _piece(self, piece: str | Slot) -> str:
        if isinstance(piece, Slot):
            return f"{{{self._shown(piece.expression)}}}"
        return f"{{{piece}}}" if isinstance(piece, Local) else literal(piece)

    def _shown(self, node: Expression | None) -> str:
        if node is None:
            return "shown_clock(minute_of_day(time))"
        code = self._expressions.value(node)
        match node.type:
            case NumberType() | WordType() if is_plain(node.type):
                return code
            case NumberType(divisor=1):
                return f"format_scaled({code}, {node.type.places})"
            case NumberType():
                return f"shown({code}, {self._module.constant(node.type)})"
            case WordType():
                return f"shown_word({code})"
            case TimestampType():
                return f"shown_instant({code})"
            case DateType():
                return f"shown_date({code})"
            case WeekdayType():
                return f"WEEKDAYS[{code}]"
            case BooleanType():
                return f"YES_NO[{code}]"
            case TextType() | ListType():
                return self._module.text(MASK)

    # ── parts of a condition ────────────────────────────────────────────────

    def verdict(self, part: Normal) -> str:
        """The code of a condition without `not`."""
        match part:
            case Leaf():
                code = self._expressions.condition(part.condition)
                return code if part.positive else f"(not {code})"
            case Every():
                return self._joined(part.parts, " and ")
            case Some():
                return self._joined(part.parts, " or ")

    def _joined(self, parts: tuple[Normal, ...], word: str) -> str:
        """A function of its own, so that parentheses do not nest."""
        name, parameters = self._module.fresh("h"), self.parameters(*parts)
        with self._module.function(name, parameters):
            self._module.line(f"return {word.join(map(self.verdict, parts))}")
        return f"{name}({', '.join(parameters)})"

    def parameters(self, *parts: Normal) -> list[str]:
        """The local names of all that conditions and their sentences need."""
        names: dict[str, None] = {}
        waiting = list(reversed(parts))
        while waiting:
            part = waiting.pop()
            if isinstance(part, Leaf):
                names.update((self._module.read(read), None) for read in reads_of(part.condition))
                names["time"] = None
            else:
                waiting.extend(reversed(part.parts))
        return list(names)

    # ── why a condition holds ───────────────────────────────────────────────

    def met(self, part: Normal) -> Template | str:
        """Why a condition holds: a template where that does not depend on which part of an `or` did, else the code of
        a text."""
        match part:
            case Leaf():
                return met(part)
            case Every() if all(isinstance(inner, Leaf) for inner in part.parts[:MOST_MET]):
                templates = [met(inner) for inner in part.parts[:MOST_MET] if isinstance(inner, Leaf)]
                pieces = [piece for template in templates for piece in (" and ", *template)]
                return (*pieces[1:], more_hold(len(part.parts)))
            case _:
                return self._met_function(part)

    def _met_function(self, part: Normal) -> str:
        name, parameters = self._module.fresh("m"), self.parameters(part)
        with self._module.function(name, parameters):
            self._met_body(part)
        return f"{name}({', '.join(parameters)})"

    def _met_body(self, part: Normal) -> None:
        assert not isinstance(part, Leaf)
        if isinstance(part, Every):
            texts = [self._met_text(inner) for inner in part.parts[:MOST_MET]]
            more = more_hold(len(part.parts))
            joined = f"{self._module.text(' and ')}.join([{', '.join(texts)}])"
            self._module.line(f"return {joined} + {self.sentence((more,))}")
            return
        for inner in part.parts[:-1]:
            with self._module.block(f"if {self.verdict(inner)}:"):
                self._module.line(f"return {self._met_text(inner)}")
        self._module.line(f"return {self._met_text(part.parts[-1])}")

    def _met_text(self, part: Normal) -> str:
        told = self.met(part)
        return told if isinstance(told, str) else self.sentence(told)

    # ── why a condition fails ───────────────────────────────────────────────

    def why_not(self, interaction: Interaction, part: Normal) -> str:
        """The code of a text that says why an interaction does not match, where its condition fails."""
        parts = part.parts if isinstance(part, Every) else (part,)
        if len(parts) <= _FEW_PARTS and all(isinstance(inner, Leaf) for inner in parts):
            tests = [f"{self._needs(interaction, p)} if not {self.verdict(p)} else " for p in parts[:-1]]
            return f"{''.join(tests)}{self._needs(interaction, parts[-1])}"
        name, parameters = self._module.fresh("u"), self.parameters(part)
        with self._module.function(name, parameters):
            for inner in parts[:-1]:
                with self._module.block(f"if not {self.verdict(inner)}:"):
                    self._module.line(f"return {self._needs(interaction, inner)}")
            self._module.line(f"return {self._needs(interaction, parts[-1])}")
        return f"{name}({', '.join(parameters)})"

    def _needs(self, interaction: Interaction, part: Normal) -> str:
        if isinstance(part, Leaf):
            why = unmet(part)
            return self.sentence(needs(interaction, why.fact, why.need))
        return f"needs({self._module.text(interaction.name)}, {self._unmet(part)})"

    def _unmet(self, part: Normal) -> str:
        """The code of the fact, the need and the full need, as a tuple."""
        if isinstance(part, Leaf):
            why = unmet(part)
            return f"({self.sentence(why.fact)}, {self.sentence(why.need)}, {self.sentence(why.full)})"
        name, parameters = self._module.fresh("w"), self.parameters(part)
        with self._module.function(name, parameters):
            if isinstance(part, Some):
                texts = ", ".join(self._unmet(inner) for inner in part.parts[:MOST_UNMET])
                self._module.line(f"return some_unmet([{texts}], {len(part.parts)})")
            else:
                for inner in part.parts[:-1]:
                    with self._module.block(f"if not {self.verdict(inner)}:"):
                        self._module.line(f"return {self._unmet(inner)}")
                self._module.line(f"return {self._unmet(part.parts[-1])}")
        return f"{name}({', '.join(parameters)})"
