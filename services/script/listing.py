"""One true sentence about a listing: its language, its length, and what it defines or runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from services.story.scene import CodeCard

_NAMES = {
    "py": "Python", "python": "Python", "python3": "Python", "pycon": "Python", "js": "JavaScript",
    "javascript": "JavaScript", "jsx": "JavaScript", "ts": "TypeScript", "typescript": "TypeScript",
    "tsx": "TypeScript", "yaml": "YAML", "yml": "YAML", "json": "JSON", "jsonc": "JSON", "toml": "TOML",
    "go": "Go", "golang": "Go", "rs": "Rust", "rust": "Rust", "c": "C", "h": "C", "cpp": "C++", "c++": "C++",
    "cc": "C++", "cs": "C#", "csharp": "C#", "java": "Java", "kt": "Kotlin", "kotlin": "Kotlin",
    "swift": "Swift", "rb": "Ruby", "ruby": "Ruby", "php": "PHP", "sql": "SQL", "html": "HTML", "xml": "XML",
    "css": "CSS", "scss": "Sass", "lua": "Lua", "r": "R", "scala": "Scala", "dart": "Dart", "perl": "Perl",
    "haskell": "Haskell", "elixir": "Elixir", "proto": "Protocol Buffers", "protobuf": "Protocol Buffers",
    "graphql": "GraphQL", "diff": "a diff", "dockerfile": "a Dockerfile", "docker": "a Dockerfile",
    "make": "a makefile", "makefile": "a makefile", "ini": "settings", "latex": "LaTeX", "tex": "LaTeX",
    "markdown": "Markdown", "md": "Markdown",
}  # fmt: skip

_SESSIONS = frozenset({"console", "shell-session", "shellsession", "sh-session", "bash-session", "terminal"})
SHELLS = _SESSIONS | {"sh", "bash", "shell", "zsh", "fish", "ksh", "powershell", "pwsh", "ps1"}

_WORD = r"([A-Za-z_$][\w$]{0,60})"
_MODIFIERS = "export|default|async|public|private|protected|internal|static|final|abstract|sealed|pub|unsafe"
_OPEN = rf"(?:(?:{_MODIFIERS}) {{1,4}}){{0,5}}"
_DEFINED = {
    "Python": rf"(?:async )?(?:def|class) {{1,4}}{_WORD}",
    "JavaScript": rf"{_OPEN}(?:function\*?|class|interface|enum|type|const|let|var) {{1,4}}{_WORD}",
    "Go": rf"(?:func {{1,4}}(?:\([^()]{{0,80}}\) ?)?|type {{1,4}}){_WORD}",
    "Rust": rf"{_OPEN}(?:fn|struct|enum|trait|mod|type) {{1,4}}{_WORD}",
    "Java": rf"{_OPEN}(?:class|interface|enum|record|struct|object|protocol|fun|func) {{1,4}}{_WORD}",
    "Ruby": rf"(?:def|class|module) {{1,4}}{_WORD}",
    "PHP": rf"{_OPEN}(?:function|class|interface|trait|enum) {{1,4}}{_WORD}",
    "C": r"(?:(?:static|inline|const|unsigned|struct|extern) {1,4}){0,4}"
    r"[\w:<>]{1,60}[ *&]{1,4}(\w{1,60})\([^;]{0,160}$",
    "Protocol Buffers": rf"(?:message|service|enum) {{1,4}}{_WORD}",
    "SQL": rf"(?:create|CREATE) {{1,4}}(?:(?:or|OR) {{1,4}}(?:replace|REPLACE) {{1,4}})?"
    rf"(?:table|TABLE|view|VIEW|index|INDEX|function|FUNCTION) {{1,4}}"
    rf"(?:(?:if|IF) {{1,4}}(?:not|NOT) {{1,4}}(?:exists|EXISTS) {{1,4}})?{_WORD}",
    "YAML": r"([A-Za-z_][\w .-]{0,60}):(?:\s|$)",
    "JSON": r"(?: {2}|\t| {4})\"([A-Za-z_][\w .-]{0,60})\" ?:",
    "TOML": r"\[{1,2}([A-Za-z_][\w.-]{0,60})\]{1,2}\s{0,4}$",
    "a makefile": r"([A-Za-z][\w.-]{0,60}):(?![=:])",
}
_LIKE = {
    "TypeScript": "JavaScript",
    "Kotlin": "Java",
    "Swift": "Java",
    "C#": "Java",
    "Scala": "Java",
    "Dart": "Java",
}
_LIKE |= {"C++": "C"}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _DEFINED.items()}
_SETTINGS = frozenset({"YAML", "JSON", "TOML", "settings"})

_PROMPT = re.compile(r"^\s{0,8}(?:[$%#] |> |PS[^>]{0,80}> )")
_OTHER_PROMPTS = ("% ", "# ", "> ", "PS ")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w{0,60}=\S{0,200}$")
_CONTROL = frozenset(
    {
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "while",
        "until",
        "do",
        "done",
        "case",
        "esac",
        "in",
        "function",
    }
    | {"{", "}", "(", ")", "[", "[[", "!", "true", "false", ":", "sudo", "time", "exec", "env", "nohup"}
    | {"export", "local", "set", "unset", "return"}
)
_MOST_NAMED = 3
_LINE = 200

SHORT_LINES, SHORT_CHARACTERS = 2, 60
"""Commands up to this many lines and characters are spoken as they are."""


def is_shell(card: CodeCard) -> bool:
    """Tell whether a listing is typed into a terminal."""
    language = card.language.casefold()
    return language in SHELLS or (language in ("", "text") and card.code.lstrip().startswith("$ "))


def short_commands(card: CodeCard) -> list[str]:
    """The commands of a listing that is short enough to be read out; none when it is not."""
    if not is_shell(card) or card.first_line > 1 or card.total_lines > SHORT_LINES:
        return []
    commands = _commands(card)
    short = len(commands) <= SHORT_LINES and sum(map(len, commands)) <= SHORT_CHARACTERS
    return commands if short else []


def sentence(card: CodeCard) -> str:
    """What a listing is, in one English sentence that is true of it."""
    lines = len(card.code.splitlines())
    whole = max(card.total_lines, card.first_line - 1 + lines)
    shell = is_shell(card)
    language = _terminal(card) if shell else _NAMES.get(card.language.casefold(), "")
    names = list(_programs(card)) if shell else list(_defined(card.code, language))
    verb = "run" if shell else "set" if language in _SETTINGS else "define"
    if card.first_line > 1:
        return f"The listing goes on and {verb}s {_joined(names)}." if names else "The listing goes on."
    of = f" of {language}" if language else ""
    if whole > lines:
        what = f"the first {lines} of {whole} lines" if lines > 1 else f"the first of {whole} lines"
    else:
        what = f"{lines} lines" if lines > 1 else "one line"
    if names:
        return f"{what[0].upper()}{what[1:]}{of} {verb if lines > 1 else verb + 's'} {_joined(names)}."
    return f"Here {'are' if lines > 1 else 'is'} {what}{of or ' of a listing'}."


def _terminal(card: CodeCard) -> str:
    """What is typed alone is a script; with prompts it is a session, whose other lines are output."""
    return "a terminal session" if _is_session(card) or _prompted(card) else "shell script"


def _is_session(card: CodeCard) -> bool:
    return card.language.casefold() in _SESSIONS


def _prompted(card: CodeCard) -> list[str]:
    """The lines behind a prompt; outside a session, `#` begins a comment and not a line."""
    lines = card.code.splitlines()
    prompted = [line for line in lines if line.lstrip().startswith("$ ")]
    if prompted or not _is_session(card):
        return prompted
    return [line for line in lines if line.lstrip().startswith(_OTHER_PROMPTS)]


def _joined(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMED])
    if more := len(names) - len(shown):
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _defined(code: str, language: str) -> Iterator[str]:
    """The names that a listing defines at its outermost level, each once."""
    pattern = _PATTERNS.get(_LIKE.get(language, language))
    if pattern is None:
        return
    found = (pattern.match(line[:_LINE]) for line in code.splitlines())
    yield from dict.fromkeys(match[1].strip() for match in found if match)


def _commands(card: CodeCard) -> list[str]:
    """The commands of a terminal session: no prompts, comments or output, continued lines joined."""
    prompted = _prompted(card)
    found: list[str] = []
    continued = False
    for line in prompted or card.code.splitlines():
        text = " ".join(_PROMPT.sub("", line, count=1).split()) if prompted else " ".join(line.split())
        if not text or text.startswith("#"):
            continue
        body = text.removesuffix("\\").rstrip()
        if continued and found:
            found[-1] = f"{found[-1]} {body}"
        else:
            found.append(body)
        continued = text.endswith("\\")
    return found


def _programs(card: CodeCard) -> Iterator[str]:
    """The programs that a listing runs, each once, in its order; none of a session without prompts."""
    if _is_session(card) and not _prompted(card):
        return
    seen = set()
    for command in _commands(card):
        words = command[:_LINE].split()
        while words and (_ASSIGNMENT.match(words[0]) or words[0] in _CONTROL):
            words.pop(0)
        name = PurePosixPath(words[0]).name if words else ""
        if name and name not in seen and re.fullmatch(r"[A-Za-z][\w.+-]{0,40}", name):
            seen.add(name)
            yield name
