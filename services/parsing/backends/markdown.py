"""Reads CommonMark with GitHub's extensions, footnotes and front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from services.artifacts.store import Artifact
from services.parsing.backends import inline
from services.parsing.backends.blocks import WORDLESS, Blocks
from services.parsing.backends.entries import beyond, counted, entries, row
from services.parsing.backends.footage import INFO, read_wish
from services.parsing.backends.formulas import formulas_plugin
from services.parsing.backends.front import cut_toml, toml_title, yaml_title
from services.parsing.backends.inline import Inline
from services.parsing.backends.nested import line_of, read_list, read_quote
from services.parsing.outline import Dropped, Entries, Listing, Marked, Outline, Passage
from services.parsing.sentences import worded

MADE_BY = f"markdown-it-py {version('markdown-it-py')}, mdit-py-plugins {version('mdit-py-plugins')}"
"""The libraries whose versions change what is read."""

DEEPEST = 100
"""How deep blocks may be nested; what lies deeper is dropped with a reason."""

COLUMNS = "the first column leads each row; the names of the others stand with their values"
COUNTED = "the first column counts the rows, the second leads each; the others stand with their names"
EMPTY_COLUMN = "its column is empty"
SURPLUS = "the row has more cells than the table has columns"

# What is empty at this level holds what the parser has not read.
_DEEP = DEEPEST - 2
_LONGEST_LANGUAGE = 50
_COVERING = frozenset(
    {"inline", "fence", "code_block", "html_block", "hr", "front_matter", "heading_open", "thead_open"}
)
_WORD = re.compile(r"[^\W_]")


def outline(text: str, *, language: str, files: Mapping[str, Artifact] | None = None) -> Outline:
    """The outline of a markdown document; `language` is BCP 47, `files` came with it, by its own names."""
    parser = MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable(["table", "strikethrough"])
    parser.use(front_matter_plugin).use(footnote_plugin, inline=False, move_to_end=False).use(formulas_plugin)
    env: dict[str, Any] = {}
    toml, text = cut_toml(text)
    tokens = parser.parse(text, env)
    reader = _Reader(Blocks(language=language), text.split("\n"), files or {})
    reader.front_matter(toml, toml_title)
    reader.walk(SyntaxTreeNode(tokens).children)
    reader.definitions(text, env)
    reader.unread(text, tokens, env)
    return Outline(reader.blocks.finish(), reader.title, tuple(reader.blocks.links))


class _Reader:
    """Walks over the tree of blocks."""

    def __init__(self, blocks: Blocks, lines: Sequence[str], files: Mapping[str, Artifact]) -> None:
        self.blocks = blocks
        self._lines, self._files = lines, files
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
                    source = Passage("footage", node.content.strip(), line)
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
                self.title = Passage("definition", title, number)
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
        source = Passage("code", code, line)
        first = line + (node.type == "fence")
        listing = Listing(source, language, code, first)
        self.blocks.add(listing if code else Dropped(source, "the listing is empty"))

    def _table(self, node: SyntaxTreeNode) -> None:
        """A table as entries; the names of its columns stand with the cells of each row."""
        table = []
        for tr in (tr for part in node.children for tr in part.children):
            read = [self.inline(cell, line_of(tr)) for cell in tr.children]
            code = tuple(phrase for cell in read for phrase in cell.code)
            table.append((line_of(tr), [cell.text for cell in read], code))
            # Within a list or a quotation the line of the source is more than the row.
            written = self._lines[line_of(tr) - 1] if node.level == 0 else ""
            for cell in beyond(written, len(tr.children)):
                self._row(line_of(tr), [cell], SURPLUS)
        header, *rows = table
        numbered = counted(header[1], [cells for _, cells, _ in rows])
        self._row(
            header[0], header[1], (COUNTED if numbered else COLUMNS) if rows else "the table has no rows"
        )
        for index, name in enumerate(header[1][1:] if rows else (), start=1):
            if name and not any(cells[index] for _, cells, _ in rows):
                self._row(header[0], [name], EMPTY_COLUMN)
        items = []
        for line, cells, code in rows:
            title, text = row(header[1], cells, numbered=numbered)
            if worded(title + text):
                source = Passage("table_row", " | ".join(cells), line, (*header[2], *code))
                items += list(entries(source, title, text))
            else:
                self._row(line, cells, "the row is empty")
        if items:
            self.blocks.add(Entries(tuple(items)))

    def _row(self, line: int, texts: Sequence[str], reason: str) -> None:
        self.blocks.drop("table_row", " | ".join(texts), line, reason)


def _definitions(env: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """The lines of link definitions, [start, end)."""
    for definition in (*env.get("references", {}).values(), *env.get("duplicate_refs", ())):
        start, end = definition["map"]
        yield start, end
