"""Finds "x is no folder" in what people read, where "x is not a folder" is understood at once.

    python -m tests.prose

What is looked at: the strings of the code, the first line of each docstring, and the pages in the root.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = ("services", "orchestrator")

INVERTED = re.compile(
    r"(?<!\bthere )\b(?:is|are|was|were)\s+(?:none\s+of\b|no\s+(?!longer\b|more\b|less\b)\w+)", re.IGNORECASE
)
"""A negation in the noun's place; "there is no job" is the usual order, and "is no longer" has no noun."""


def main() -> int:
    """Print each place with its words; 1 when there is one."""
    found = [*in_code(ROOT), *in_pages(ROOT)]
    for place, words in found:
        print(f"{place}: {words!r}: say what it is not, or what it is.")
    return 1 if found else 0


def in_code(root: Path) -> Iterator[tuple[str, str]]:
    """Places (`path:line`) in the code below a folder, each with the words that are found there."""
    for path in sorted(path for room in CODE for path in (root / room).rglob("*.py")):
        for line, text in read(path.read_text()):
            for words in INVERTED.findall(text):
                yield f"{path.relative_to(root)}:{line}", words


def in_pages(root: Path) -> Iterator[tuple[str, str]]:
    """The same of the pages of Markdown in a folder itself."""
    for path in sorted(root.glob("*.md")):
        for number, text in enumerate(path.read_text().splitlines(), 1):
            for words in INVERTED.findall(text):
                yield f"{path.relative_to(root)}:{number}", words


def read(source: str) -> Iterator[tuple[int, str]]:
    """What people read of a module, each with its line: whole strings, and the first lines of docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            whole = node.value
            yield node.lineno, whole.strip().partition("\n")[0] if id(node) in docstrings else whole


if __name__ == "__main__":
    sys.exit(main())
