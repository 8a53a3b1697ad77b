"""Signs as they are said in English: paths, names of files and of code, comparisons, single signs."""

from __future__ import annotations

import re

from services.script.reading import Said

_EXTENSIONS = (
    "py|pyi|ipynb|md|rst|txt|toml|yaml|yml|json|jsonl|js|jsx|ts|tsx|mjs|css|html|htm|xml|svg|sh|bash|c|h|cc|cpp|hpp|"
    "cs|rs|go|rb|php|java|kt|swift|sql|proto|lock|cfg|conf|ini|env|csv|tsv|pdf|doc|docx|png|jpg|jpeg|gif|webp|mp3|"
    "mp4|wav|flac|mkv|webm|zip|tar|gz|whl|log|db|exe|bin|so|dll|tf|ipa|apk"
)
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAY = rf"(?:(?:{_DAYS})[a-z]{{0,7}}|[A-Z])"


_NAME = r"[\w.@+-]{1,80}"
_HOME = {"~": "home", ".": "dot", "..": "dot dot"}
"""Folders that have a sign for a name."""


def _path(match: re.Match[str]) -> str:
    """A path is said with its slashes, from the first; two words between which one may choose are not."""
    text: str = match.group()
    parts = [_HOME.get(part, part) for part in text.split("/") if part]
    path = (
        len(parts) > 2 or text[0] in "/.~" or text.endswith("/") or "_" in text or "." in parts[-1].strip(".")
    )
    return ("slash " if text[0] == "/" else "") + (" slash " if path else " ").join(parts)


SIGNS: tuple[tuple[re.Pattern[str], Said], ...] = (
    (re.compile(r"==(?=[^\s=])([^=]{1,200})(?<=\S)=="), r"\1"),
    (re.compile(r"\b[nN]/[aA]\b"), "not applicable"),
    (re.compile(r"(?<!\w)\*(?=\.\w)"), "star"),
    (re.compile(r"\b([12])>&([12])\b"), r"\1 into \2"),
    (re.compile(rf"(?<![\w/])(?:~|\.{{0,2}})/{_NAME}(?:/{_NAME}){{0,12}}/?"), _path),
    (re.compile(rf"(?<![\w/~]){_NAME}(?:/{_NAME}){{1,12}}/?"), _path),
    (re.compile(r"~/"), "home "),
    (re.compile(r"(?<=\w)/(?=[\s,.;:!?)]|$)"), ""),
    (re.compile(r"(?<=\w)::(?=\w)"), " "),
    (re.compile(rf"(?<=\w)\.(?=(?:{_EXTENSIONS})\b(?!\())"), " dot "),
    (re.compile(r"(?<![\w.])\.(?=[A-Za-z]\w{1,40}\b)"), "dot "),
    (re.compile(r"(?<=[A-Za-z_])\.(?=[A-Za-z_])(?!\w\.)"), " dot "),
    (re.compile(r"(?<![\w-])--(?=[A-Za-z])"), "dash dash "),
    (re.compile(r"(?<!\S)-(?=[A-Za-z]{1,3}\b)"), "dash "),
    (re.compile(rf"\b({_DAY})–(?={_DAY}\b)"), r"\1 to "),
    (re.compile(r" / "), ", "),
    (re.compile(r"(?<=\w)\(\)"), ""),
    (re.compile(r"(?<!\w)<([A-Za-z][\w .:-]{0,60})/?>|(?<=\w)<([A-Za-z][\w.:-]{0,60})/?>"), r" \1\2 "),
    (re.compile(r"\s?(?:≥|>=)\s?"), " at least "),
    (re.compile(r"\s?(?:≤|<=)\s?"), " at most "),
    (re.compile(r"\s?(?:≠|!={1,2})\s?"), " is not "),
    (re.compile(r"\s?={1,3}\s?"), " equals "),
    (re.compile(r"±\s?"), "plus or minus "),
    (re.compile(r"\s?÷\s?"), " divided by "),
    (re.compile(r"√\s?(?=[\w(])"), "the square root of "),
    (re.compile("∞"), " infinity "),
    (re.compile(r"§{1,2}\s?(?=\d)"), "section "),
    (re.compile(r"\s?&{1,2}\s?"), " and "),
    (re.compile(r"\s?\|\|\s?"), " or "),
    (re.compile(r"\b([Nn]umber|[Nn]o\.) #(?=\d)"), r"\1 "),
    (re.compile(r"#(?=\d)|(?<!\S)#(?= of\b)"), "number "),
    (re.compile(r"\s?%"), " percent"),
    (re.compile(r"(?<!\w)\+(?=\d)"), "plus "),
    (re.compile(r"(?<=\w) \+ (?=\w)|(?<=\w)\+(?=\w)"), " plus "),
    (re.compile(r"(?<=\d)\+(?!\w)"), " or more"),
    (re.compile(r"(?<!\w)< ?(?=\d)|(?<=\w) < ?(?=\w)"), " less than "),
    (re.compile(r"(?<!\w)> ?(?=\d)|(?<=\w) > ?(?=\w)"), " more than "),
    (re.compile(r"(?<=\w)<(?=[\w-])(?![\w,.:*&\[\] ]{0,60}>(?!\w))"), " less than "),
    (re.compile(r"(?<=\w)>(?=\w)"), " more than "),
    (re.compile(r"(?<=\w)\[([\w, .-]{0,60})\]"), r" \1"),
    (re.compile(r"(?<=\w)@(?=\w)"), " at "),
    (re.compile(r"(?<!\w)@(?=\w)"), "at "),
    (re.compile(r"\s?\|\s?"), ", "),
    (re.compile(r"[_\\{}\[\]<>*^~`@#$=]+"), " "),
)
"""In this order: what is longest first, single signs last. All repetition is bounded."""
