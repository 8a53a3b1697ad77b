"""Items of task lists: the box in front of the task becomes the state behind it."""

from __future__ import annotations

import re

from markdown_it.tree import SyntaxTreeNode

from services.story.text import NOTHING, Text

_BOX = re.compile(r"\[([ xX])\](?:\s+|$)")
_ENDS = ".!?…。！？:："

_STATES = {True: ("done", "☑"), False: ("to do", "☐")}
"""What is said in English, and what is shown in other languages, of a task that is done or not."""


def take_box(paragraph: SyntaxTreeNode) -> bool | None:
    """Take the box off an item's first paragraph: whether the task is done; None for what is not a task."""
    tokens = [token for child in paragraph.to_tokens() for token in child.children or ()]
    box = _BOX.match(tokens[0].content) if tokens and tokens[0].type == "text" else None
    if box is None or (box.end() == len(tokens[0].content) and len(tokens) < 2):
        return None
    tokens[0].content = tokens[0].content[box.end() :]
    return box[1] in "xX"


def stated(title: Text, text: Text, *, done: bool, english: bool) -> tuple[Text, Text]:
    """A task's lead and rest with its state: `Write – done`; other languages get a ticked or empty box."""
    words, box = _STATES[done]
    if not english:
        boxed = Text(f"{box} ")
        return (boxed + title, text) if title else (NOTHING, boxed + text)
    if not text:
        return title, Text(words)
    ended = text.text.endswith(tuple(_ENDS))
    return title, text + Text(f" {words.capitalize()}." if ended else f" – {words}")
