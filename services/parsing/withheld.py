"""The lines of a long listing that a video has no room for: who looks for them is told so."""

from __future__ import annotations

from dataclasses import replace

from services.parsing.outline import Listing, Passage
from services.story.source_place import SourcePlace

MOST_PAGES = 3
"""Scenes of one listing, about 50 lines; more of it nobody reads in a video."""

Page = tuple[int, str]
"""The number of a page's first line in its listing, and its lines."""

_TOLD = {
    "en": ("The remaining line is not shown.", "The remaining {} lines are not shown."),
    "de": ("Die letzte Zeile ist nicht zu sehen.", "Die übrigen {} Zeilen sind nicht zu sehen."),
    "fr": ("La dernière ligne n’est pas montrée.", "Les {} lignes restantes ne sont pas montrées."),
    "es": ("La última línea no se muestra.", "Las {} líneas restantes no se muestran."),
    "it": ("L’ultima riga non è mostrata.", "Le altre {} righe non sono mostrate."),
    "pt": ("A última linha não é mostrada.", "As outras {} linhas não são mostradas."),
    "nl": ("De laatste regel is niet te zien.", "De overige {} regels zijn niet te zien."),
}


def remaining(node: Listing, shown: list[Page], rest: list[Page]) -> int:
    """How many lines come after the pages shown; a line that is shown in part counts, too."""
    number, code = shown[-1]
    return node.code.count("\n") + 1 - min(number + code.count("\n"), rest[0][0] - 1)


def split(node: Listing, shown: list[Page], rest: list[Page]) -> tuple[Passage, Passage, str]:
    """The passages of a listing that are shown and that are not, and the reason why they are not."""
    lines, left = node.code.count("\n") + 1, remaining(node, shown, rest)
    at = node.line + rest[0][0] - 1
    passages = (_passage(node, node.source.place, shown), _passage(node, SourcePlace(at), rest))
    are = "is" if left == 1 else "are"
    return (
        *passages,
        f"{left} of the {lines} lines of the listing {are} not shown; see the source from line {at}",
    )


def told(count: int, language: str) -> str:
    """The sentence that says how many lines are not shown; "" in a language (BCP 47) that has none here."""
    one, many = _TOLD.get(language.partition("-")[0].casefold() or "en", ("", ""))
    return one if count == 1 else many.format(count)


def _passage(node: Listing, place: SourcePlace, pages: list[Page]) -> Passage:
    return replace(node.source, text="\n".join(code for _, code in pages), place=place)
