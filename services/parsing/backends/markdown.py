"""Reads CommonMark with GitHub's extensions, footnotes and front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from services.artifacts.store import Artifact
from services.parsing.backends import inline
from services.parsing.backends.blocks import WORDLESS, Blocks
from services.parsing.backends.entries import beyond, shared
from services.parsing.backends.footage import INFO, read_wish
from services.parsing.backends.formulas import formulas_plugin
from services.parsing.backends.front import cut_toml, toml_title, yaml_title
from services.parsing.backends.inline import Inline
from services.parsing.backends.nested import line_of, read_list, read_quote
from services.parsing.outline import Dropped, Listing, Marked, Outline, Passage, Row, Table
from services.parsing.sentences import LONGEST_TEXT, worded
from services.story.scene import Alignment, TableColumn
from services.story.source_place import SourcePlace
from services.story.table import numbered
from services.story.text import Text, joined

MADE_BY = f"markdown-it-py {version('markdown-it-py')}, mdit-py-plugins {version('mdit-py-plugins')}"
"""The libraries whose versions change what is read."""

DEEPEST = 100
"""How deep blocks may be nested; what lies deeper is dropped with a reason."""

COLUMNS = "the first column leads each row; the names of the others stand with their values"
COUNTED = "the first column counts the rows, the second leads each; the others stand with their names"
EMPTY_COLUMN = "its column is empty"
LONG_NAME = "the end of a very long name is not shown"
MANY_COLUMNS = "a card shows a thousand columns of a table"
SURPLUS = "the row has more cells than the table has columns"

MOST_COLUMNS = 1000
"""Of a table in the contract."""

# What is empty at this level holds what the parser has not read.
_DEEP = DEEPEST - 2
_LONGEST_LANGUAGE = 50
_COVERING = frozenset(
    {"inline", "fence", "code_block", "html_block", "hr", "front_matter", "heading_open", "thead_open"}
)
_ALIGNED = re.compile("text-align:(left|center|right)")
_WORD = re.compile(r"[^\W_]")


def outline(
    text: str,
    *,
    language: str,
    files: Mapping[str, Artifact] | None = None,
    images: Mapping[str, Artifact | str] | None = None,
) -> Outline:
    """The outline of a markdown document.

    Args:
        text: The document.
        language: BCP 47.
        files: What came with it, by its own names.
        images: Those of them that are images, or why they cannot be shown.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable(["table", "strikethrough"])
    parser.use(front_matter_plugin).use(footnote_plugin, inline=False, move_to_end=False).use(formulas_plugin)
    env: dict[str, Any] = {}
    toml, text = cut_toml(text)
    tokens = parser.parse(text, env)
    reader = _Reader(Blocks(language=language, images=images), text.split("\n"), files or {})
    reader.front_matter(toml, toml_title)
    reader.walk(SyntaxTreeNode(tokens).children)
    reader.definitions(text, env)
    reader.unread(text, tokens, env)
    blocks = reader.blocks
    return Outline(blocks.finish(), reader.title, tuple(blocks.links), tuple(blocks.warnings))


class _Reader:
    """Walks over the tree of blocks."""

    def __init__(self, blocks: Blocks, lines: Sequence[str], files: Mapping[str, Artifact]) -> None:
        self.blocks = blocks
        self._lines = lines
        self._files = files
        self.title: Passage | None = None

    def walk(self, nodes: Iterable[SyntaxTreeNode], *, nested: bool = False) -> None:
        """Read blocks; inside lists and quotations (`nested`) a heading opens no chapter."""
        for node in nodes:
            line = line_of(node)
            match node.type:
                case "heading" if not nested:
                    self.blocks.heading(self.inline(node, line), int(node.tag[1]), line)
                case "paragraph" | "heading":
                    self.blocks.paragraph(self.inline(node, line), line)
                case "bullet_list" | "ordered_list":
                    read_list(node, self)
                case "blockquote" if not node.children and node.level < _DEEP:
                    self.blocks.drop("quote", "", line, WORDLESS)
                case "blockquote":
                    read_quote(node, self)
                case "fence" if node.info.lower().split() == [INFO]:
                    wish = read_wish(node.content, line, self._files)
                    source = Passage("footage", node.content.strip(), SourcePlace(line))
                    self.blocks.add(Marked(source, wish.footage, wish.visual, wish.warnings))
                case "fence" | "code_block":
                    self._listing(node, line)
                case "table":
                    self._table(node)
                case "html_block":
                    self.blocks.html(node.content, line)
                case "hr":
                    self.blocks.drop("rule", "", line, "a rule only separates")
                case "front_matter":
                    self.front_matter(node.content, yaml_title)
                case "footnote_reference":
                    with self.blocks.note(str(node.meta["label"])):
                        self.walk(node.children, nested=True)
                case _:
                    self.walk(node.children, nested=nested)

    def inline(self, node: SyntaxTreeNode, line: int) -> Inline:
        """Read the text of a block, and keep its links, notes and comments."""
        read = inline.read([token for child in node.to_tokens() for token in child.children or ()])
        self.blocks.heed(read, line)
        return read

    def front_matter(self, content: str, title_of: Callable[[str], str]) -> None:
        """Front matter is for programs; only its title is for readers, and no title of a table in it."""
        tables = False
        for number, line in enumerate(content.split("\n"), start=2):
            tables = tables or line.startswith("[")
            title = "" if self.title or tables else title_of(line)
            if title:
                self.title = Passage("definition", title, SourcePlace(number))
            elif line.strip():
                self.blocks.drop("definition", line.strip(), number, "front matter is not for readers")

    def definitions(self, text: str, env: Mapping[str, Any]) -> None:
        """Account for link definitions, which leave no token."""
        lines = text.split("\n")
        for start, end in _definitions(env):
            source = " ".join(line.strip() for line in lines[start:end])
            self.blocks.drop("definition", source, start + 1, "link definitions are not for readers")

    def unread(self, text: str, tokens: Sequence[Token], env: Mapping[str, Any]) -> None:
        """Account for lines that no token covers: those nested too deep for the parser, and notes of nothing.

        An empty item, whose number is no word, is accounted for where its list is read.
        """
        covered = {line for start, end in _definitions(env) for line in range(start, end)}
        deep: set[int] = set()
        for index, token in enumerate(tokens):
            if not token.map:
                continue
            if token.level >= _DEEP:
                deep.update(range(*token.map))
            elif token.type == "list_item_open" and tokens[index + 1].type == "list_item_close":
                covered.update(range(*token.map))
            if token.type in _COVERING:
                covered.update(range(*token.map))
        for number, line in enumerate(text.split("\n")):
            if number not in covered and _WORD.search(line):
                reason = f"it is nested more than {DEEPEST} levels deep" if number in deep else WORDLESS
                self.blocks.drop("paragraph", line.strip(), number + 1, reason)

    def _listing(self, node: SyntaxTreeNode, line: int) -> None:
        code = node.content.rstrip()
        info = node.info.strip().partition(" ")[0].strip("{}.")
        language = info.partition("{")[0] if len(info) <= _LONGEST_LANGUAGE else ""
        source = Passage("code", code, SourcePlace(line))
        first = line + (node.type == "fence")
        listing = Listing(source, language, code, first)
        self.blocks.add(listing if code else Dropped(source, "the listing is empty"))

    def _table(self, node: SyntaxTreeNode) -> None:
        """A table; what of it no card shows is accounted for."""
        head, *rows = [self._cells(tr, node) for part in node.children for tr in part.children]
        line, names = head
        if not rows:
            self._row(line, names, "the table has no rows")
            return
        self._row(line, names, COUNTED if numbered(names, [cells for _, cells in rows]) else COLUMNS)
        for index, name in enumerate(names):
            if index and name and not any(cells[index] for _, cells in rows):
                self._row(line, [name], EMPTY_COLUMN)
            if len(name) > LONGEST_TEXT:
                self._row(line, [name[LONGEST_TEXT:]], LONG_NAME)
        told: list[Row] = []
        for line, cells in rows:
            source = Passage.of("table_row", joined(cells, " | "), SourcePlace(line))
            if worded(source.text):
                told += (Row(source, part) for part in shared(cells))
            else:
                self._row(line, cells, "the row is empty")
        aligned = map(_alignment, node.children[0].children[0].children)
        columns = [TableColumn(n[:LONGEST_TEXT], a) for n, a in zip(names, aligned, strict=False)]
        if told:
            self.blocks.add(Table(tuple(columns), tuple(told)))

    def _cells(self, tr: SyntaxTreeNode, table: SyntaxTreeNode) -> tuple[int, list[Text]]:
        """The line and the cells of a row, as many as a card shows."""
        line = line_of(tr)
        cells = [self.inline(cell, line).text for cell in tr.children]
        # Within a list or a quotation the line of the source is more than the row.
        written = self._lines[line - 1] if table.level == 0 else ""
        for more in beyond(written, len(cells)):
            self._row(line, [Text(more)], SURPLUS)
        for cell in filter(None, cells[MOST_COLUMNS:]):
            self._row(line, [cell], MANY_COLUMNS)
        return line, cells[:MOST_COLUMNS]

    def _row(self, line: int, texts: Sequence[Text], reason: str) -> None:
        self.blocks.drop("table_row", joined(texts, " | ").text, line, reason)


def _alignment(cell: SyntaxTreeNode) -> Alignment | None:
    found = _ALIGNED.match(str(cell.attrs.get("style", "")))
    return cast(Alignment, found[1]) if found else None


def _definitions(env: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """The lines of link definitions, [start, end)."""
    for definition in (*env.get("references", {}).values(), *env.get("duplicate_refs", ())):
        start, end = definition["map"]
        yield start, end
