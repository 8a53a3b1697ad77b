"""What HTML sets off inside a line of markdown is set off; tags that do not match are passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.parsing.backends.markdown import outline
from services.parsing.outline import Prose
from services.story.text import Text, joined

SIGNS = ("<b>", "</b>", "<del>", "</del>", "<i lang='fr'>", "</i>", "*", "**", "~~", "a", " ")


def read(text: str) -> Text:
    """All text of a document in one line."""
    nodes = outline(text, language="en").nodes
    return joined(sentence for node in nodes if isinstance(node, Prose) for sentence in node.sentences)


@pytest.mark.parametrize(
    ("written", "spans"),
    [
        ("An <del>old</del> lamp", [("old", "struck_out", "")]),
        ("An <S>old</S> lamp", [("old", "struck_out", "")]),
        ("Press <kbd>Ctrl</kbd> now", [("Ctrl", "code", "")]),
        ("So <b>very **much**</b> so", [("very much", "strong", ""), ("much", "strong", "")]),
        ('A <i lang="fr">bon mot</i> here', [("bon mot", "foreign", "fr"), ("bon mot", "emphasis", "")]),
        ('A <span lang="de-AT">Jause</span> here', [("Jause", "foreign", "de-AT")]),
        ('A <span lang="not a tag">word</span> here', []),
        ("Never <del>closed here", []),
        ("Closed</del> only", []),
        ("Over *the <del>edge* of</del> markup", [("the edge", "emphasis", "")]),
        ("An <del>old <br> lamp</del> here", [("old lamp", "struck_out", "")]),
        ("A <u>plain</u> word", []),
    ],
)
def test_tags_that_match_set_their_text_off(written: str, spans: list[tuple[str, str, str]]) -> None:
    text = read(written)

    assert [(text.text[s.start : s.end], s.kind, s.value) for s in text.spans] == spans


@given(
    st.lists(
        st.sampled_from(["<b>", "</b>", "<del>", "</del>", "<i lang='fr'>", "</i>", "*", "**", "a", " "]),
        max_size=20,
    ).map("".join)
)
def test_tags_and_marks_in_any_order_make_spans_that_fit(text: str) -> None:
    assert read(f"word {text} end").fits()
