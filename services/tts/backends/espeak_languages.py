"""Language tags (BCP 47) and espeak-ng's own names for its voices."""

from __future__ import annotations

from collections.abc import Collection

# espeak-ng names its voices after languages, but not always after the tag people use, refuses some tags
# that it lists (en-gb, zh), and means British by a bare `en`.
_OWN = {
    "en": "en-us",
    "en-gb": "en-gb-x-rp",
    "en-ie": "en-gb-x-rp",
    "en-au": "en-gb-x-rp",
    "en-nz": "en-gb-x-rp",
    "en-za": "en-gb-x-rp",
    "en-in": "en-gb-x-rp",
    "fr-fr": "fr",
    "zh": "cmn",
    "zh-hk": "yue",
    "zh-mo": "yue",
    "zh-yue": "yue",
    "no": "nb",
    "nn": "nb",
    "iw": "he",
    "in": "id",
    "sh": "hr",
    "hbs": "hr",
}

_LATIN_AMERICA = frozenset(
    [
        "ar",
        "bo",
        "cl",
        "co",
        "cr",
        "cu",
        "do",
        "ec",
        "gt",
        "hn",
        "mx",
        "ni",
        "pa",
        "pe",
        "pr",
        "py",
        "sv",
        "us",
        "uy",
        "ve",
    ]
)
_OWN |= {f"es-{region}": "es-419" for region in _LATIN_AMERICA}


def own_name(language: str, known: Collection[str]) -> str:
    """espeak-ng's name for a language, "" when it has none: the most specific that fits.

    Args:
        language: A BCP 47 tag.
        known: The names espeak-ng has, in small letters.
    """
    subtags = language.casefold().replace("_", "-").split("-")
    # A script says nothing about sound: zh-Hant-HK is spoken as zh-HK.
    plain = subtags[:1] + [tag for tag in subtags[1:] if len(tag) != 4 or not tag.isalpha()]
    for form in (subtags, plain):
        for length in range(len(form), 0, -1):
            tag = "-".join(form[:length])
            if length == 1 and form is subtags and plain != subtags:
                break
            if (own := _OWN.get(tag, tag)) in known:
                return own
    return ""


def tag(name: str) -> str:
    """The BCP 47 tag of espeak-ng's name, in its customary letters: `en-us` is `en-US`."""
    first, *rest = name.split("-")
    private = False
    written = [first]
    for subtag in rest:
        private = private or subtag == "x"
        if private or len(subtag) not in (2, 4):
            written.append(subtag)
        else:
            written.append(subtag.upper() if len(subtag) == 2 else subtag.title())
    return "-".join(written)
