"""A task says what is to be done before it says whether it is."""

from __future__ import annotations

import pytest

from services.parsing.backends.markdown import outline
from services.parsing.outline import Entries


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("- [x] Trim", "en", ("", "Trim – done")),
        ("- [ ] Trim it.", "en", ("", "Trim it. To do.")),
        ("- [X] **Trim**: the wick", "en", ("Trim", "the wick – done")),
        ("- [x] **Trim**", "en", ("Trim", "done")),
        ("- [x] `trim()` the wick", "en-GB", ("", "trim() the wick – done")),
        ("- [x] Trim\n\n  Carefully.", "en", ("", "Trim – done. Carefully.")),
        ("- [x] Docht kürzen", "de", ("", "☑ Docht kürzen")),
        ("- [ ] **Docht**: kürzen", "de", ("☐ Docht", "kürzen")),
        ("- [x]", "en", ("", "[x]")),
        ("- [x](https://x.y) marks", "en", ("", "x marks")),
    ],
)
def test_a_task_comes_before_its_state(text: str, language: str, expected: tuple[str, str]) -> None:
    (node,) = outline(text, language=language).nodes

    assert isinstance(node, Entries)
    assert [(item.title.text, item.text.text) for item in node.items] == [expected]
