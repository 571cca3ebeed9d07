"""The formatter: a parsed rule file as its one canonical text.

Line breaks, indentation, blank lines and the order of clauses are the formatter's; digits, names, words and the
choice between `at least` and `≥` are the author's. Formatting a formatted file changes nothing.
"""

from dsl import syntax
from dsl.to_source.declarations import declaration_item, header_item
from dsl.to_source.expressions import expression_text
from dsl.to_source.layout import attach, render

__all__ = ["expression_text", "format_file"]


def format_file(file: syntax.File) -> str:
    """The canonical text of a file that parsed without errors; it ends with one line break, unless it is empty.

    Comments stay with what they stand at. Raises ValueError for a file that did not parse whole: the caller has
    its diagnostics and shows those instead.
    """
    if file.broken:
        raise ValueError("a file with syntax errors has no canonical text")
    header = [header_item(line) for line in file.header]
    declarations = [declaration_item(declaration) for declaration in file.declarations]
    last = attach(file.source, file.comments, header, declarations)
    return render(file.source, header, declarations, last)
