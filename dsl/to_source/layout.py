"""Pieces of canonical text that keep their place in the author's file, so that comments find the piece they belong to.

The whole of the formatter's care for comments is here. A file becomes a tree of items, one item a line of canonical
text (a long one breaks over several). A comment goes to one item and stays with it wherever the item goes:

- a comment on its own line goes before the item that follows it, or before the item that it stands within;
- a comment behind something goes to the end of that item's line; where an item has several, all go before it;
- comments after a declaration's last item and deeper than what follows close that declaration;
- comments after everything close the file.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from dsl.source import Source
from dsl.syntax import Comment

INDENT = 2
WIDTH = 100
WIDEST_COLUMN = 32
"""A name wider than this does not push its neighbours' columns to the right."""

_BLANKS = re.compile(r"\s*")


@dataclass(eq=False)
class Item:
    """One piece of canonical text: `lines` without the indentation of `indent` columns, then its children.

    `start` is where the item starts in the author's file; it goes on to where the next one starts.
    """

    start: int
    lines: list[str]
    indent: int = 0
    children: list["Item"] = field(default_factory=list)
    before: list[Comment] = field(default_factory=list)
    behind: list[Comment] = field(default_factory=list)
    closing: list[Comment] = field(default_factory=list)

    def all(self) -> list["Item"]:
        """This item and everything below it."""
        return [self, *(item for child in self.children for item in child.all())]


def column_width(texts: list[str]) -> int:
    """The width of a column that aligns the texts, very wide ones left out."""
    return max((len(t) for t in texts if len(t) <= WIDEST_COLUMN), default=0)


def wrapped(opening: str, pieces: list[str]) -> list[str]:
    """Pieces filled into lines behind an opening, later lines indented to where the first piece starts."""
    lines = [opening]
    margin = " " * min(len(opening), WIDEST_COLUMN + len("one of ") + 2)
    for number, piece in enumerate(pieces):
        if number == 0:
            lines[-1] += piece
        elif INDENT + len(lines[-1]) + 1 + len(piece) <= WIDTH:
            lines[-1] += " " + piece
        else:
            lines.append(margin + piece)
    return lines


def attach(
    source: Source, comments: tuple[Comment, ...], header: list[Item], declarations: list[Item]
) -> list[Comment]:
    """Give every comment to an item; return those that close the file."""
    tops = {id(item): declaration for declaration in declarations for item in declaration.all()}
    items = sorted([*header, *(item for top in declarations for item in top.all())], key=lambda item: item.start)
    starts = [item.start for item in items]
    last: list[Comment] = []
    for comment, what_follows in zip(comments, _followers(source, comments), strict=True):
        at = bisect_right(starts, comment.span.start)
        owner = items[at - 1] if at else None
        following = items[at] if at < len(items) else None
        within = what_follows < (len(source.text) if following is None else following.start)
        if owner is not None and not comment.own_line:
            owner.behind.append(comment)
        elif owner is not None and within:
            owner.before.append(comment)
        elif following is not None and tops.get(id(following)) not in (None, following):
            following.before.append(comment)
        else:
            opening = last if following is None else following.before
            margin = 1 if following is None else source.position(following.start)[1]
            closed = None if owner is None else tops.get(id(owner))
            deeper = source.position(comment.span.start)[1] > margin
            (closed.closing if closed is not None and deeper and not opening else opening).append(comment)
    for item in items:
        if len(item.behind) > 1:
            item.before = sorted([*item.before, *item.behind], key=lambda comment: comment.span)
            item.behind = []
    return last


def _followers(source: Source, comments: tuple[Comment, ...]) -> list[int]:
    """For each comment, where the first thing after it stands that is neither blank nor a comment."""
    followers: list[int] = []
    next_start, follower = -1, len(source.text)
    for comment in reversed(comments):
        found = _BLANKS.match(source.text, comment.span.end)
        at = comment.span.end if found is None else found.end()
        follower = follower if at == next_start else at
        followers.append(follower)
        next_start = comment.span.start
    return followers[::-1]


def render(source: Source, header: list[Item], declarations: list[Item], last: list[Comment]) -> str:
    """The canonical text: header, declarations and closing comments, a blank line between them."""
    blocks: list[list[str]] = []
    heading: list[str] = []
    for item in header:
        _write(source, item, heading, keep_blanks=True)
    blocks.append(heading)
    for item in declarations:
        block: list[str] = []
        _write(source, item, block, keep_blanks=True)
        blocks.append(block)
    blocks.append(_comment_lines(source, last, None, 0, keep_blanks=True))
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return text + "\n" if text else ""


def _write(source: Source, item: Item, out: list[str], keep_blanks: bool = False) -> None:
    out += _comment_lines(source, item.before, item.start, item.indent, keep_blanks)
    margin = " " * item.indent
    lines = [margin + line for line in item.lines]
    if item.behind:
        lines[-1] += "  " + item.behind[0].text
    out += lines
    for child in item.children:
        _write(source, child, out)
    out += [" " * INDENT + comment.text for comment in item.closing]


def _comment_lines(
    source: Source, comments: list[Comment], following: int | None, indent: int, keep_blanks: bool
) -> list[str]:
    """Comments on their own lines; where blanks are kept, groups that the author set apart stay apart."""
    lines: list[str] = []
    for number, comment in enumerate(comments):
        lines.append(" " * indent + comment.text)
        after = comments[number + 1].span.start if number + 1 < len(comments) else following
        if keep_blanks and after is not None:
            gap = source.text[comment.span.end : after]
            if gap.count("\n") > 1 and not gap.strip():
                lines.append("")
    return lines
