"""Formulas as TeX writes them between dollar signs, and as they are read out."""

from __future__ import annotations

import re
from collections.abc import Iterator

FORMULA = re.compile(r"(?<![\w$\\])\$(?![\s$])([^$\n]{1,1000}?)(?<![\s\\])\$(?![\w${(])")
"""A formula within a text. No blank stands inside its dollars and no letter or digit outside them, so prices
and the variables of a shell are none."""

_LONGEST = 30
"""Parts of a formula that a listener still follows; about 10 seconds."""

_DEEPEST = 3

_PART = re.compile(r"\\(?:text|mathrm|operatorname)\{([A-Za-z ]{1,40})\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
_GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"}
    | {"nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"}
)
_SIGNS = {
    "+": "plus", "-": "minus", "=": "equals", "<": "less than", ">": "more than", "/": "over", "*": "times",
    "cdot": "times", "times": "times", "div": "divided by", "le": "at most", "leq": "at most",
    "ge": "at least", "geq": "at least", "ne": "is not", "neq": "is not", "approx": "is about",
    "to": "to", "rightarrow": "to", "pm": "plus or minus", "in": "in",
}  # fmt: skip
_NAMES = {"infty": "infinity", "dots": "and so on", "ldots": "and so on", "cdots": "and so on"}
_FUNCTIONS = {
    "log": "log",
    "ln": "natural log",
    "exp": "exp",
    "sin": "sine",
    "cos": "cosine",
    "tan": "tangent",
}
_FUNCTIONS |= {"min": "minimum", "max": "maximum"}
_SILENT = frozenset({"\\left", "\\right", "\\,", "\\;", "\\:", "\\!", "\\ ", "\\quad", "\\qquad"})
_POWERS = {"2": "squared", "3": "cubed"}


class _TooHardError(Exception):
    """Words would not tell what a formula says."""


def formulas(text: str) -> Iterator[str]:
    """The TeX of the formulas in a text, without their dollars."""
    return (match[1] for match in FORMULA.finditer(text))


def spoken(tex: str) -> str:
    """A formula in English words; "" when it is not simple enough to be told.

    Simple are sums, products, powers, indices, fractions, roots and functions of letters and numbers, up to
    30 parts: `E = mc^2` is "E equals m c squared".
    """
    parts = [match.group() for match in _PART.finditer(tex) if match.group() not in _SILENT]
    if not 0 < len(parts) <= _LONGEST:
        return ""
    try:
        return " ".join(_words(parts, _DEEPEST)).replace(" ,", ",")
    except _TooHardError:
        return ""


def _words(parts: list[str], depth: int) -> Iterator[str]:
    """The words of parts, which are used up."""
    if not depth:
        raise _TooHardError
    called = False
    while parts:
        part = parts.pop(0)
        name = part.removeprefix("\\")
        if part == "^":
            yield _power(parts, depth)
        elif part == "_":
            yield from _group(parts, depth)
        elif part == "\\frac":
            yield from (*_group(parts, depth), "over", *_group(parts, depth))
        elif part == "\\sqrt":
            yield from ("the square root of", *_group(parts, depth))
        elif part == "(" and called:
            yield from ("of", *_until(")", parts, depth))
        else:
            yield _word(part, name)
        called = part.isalpha() or (part.startswith("\\") and name in _FUNCTIONS)


def _word(part: str, name: str) -> str:
    if part.isascii() and (part.isalpha() or part[0].isdigit() or part == ","):
        return part
    if part in _SIGNS or (part != name and name in _SIGNS):
        return _SIGNS[name]
    if part != name and "{" in name:
        return name.partition("{")[2].removesuffix("}").strip()
    if part != name and name.lower() in _GREEK:
        return name
    if part != name and (known := _NAMES.get(name) or _FUNCTIONS.get(name)):
        return known
    raise _TooHardError


def _power(parts: list[str], depth: int) -> str:
    said = " ".join(_group(parts, depth))
    return _POWERS.get(said) or f"to the power of {said}"


def _group(parts: list[str], depth: int) -> list[str]:
    """The words of the next part, or of those in the braces that it opens."""
    if not parts:
        raise _TooHardError
    first = parts.pop(0)
    return _until("}", parts, depth) if first == "{" else list(_words([first], depth - 1))


def _until(close: str, parts: list[str], depth: int) -> list[str]:
    """The words up to a closing part, whose like is not opened again before."""
    if close not in parts:
        raise _TooHardError
    at = parts.index(close)
    inside, parts[:] = parts[:at], parts[at + 1 :]
    # What a power or an index behind a bracket belongs to cannot be heard.
    if not inside or (close == ")" and parts[:1] in (["^"], ["_"])):
        raise _TooHardError
    return list(_words(inside, depth - 1))
