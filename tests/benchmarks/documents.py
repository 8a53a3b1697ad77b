"""Documents for benchmarks and end-to-end tests: as long as wanted, the same every time."""

from __future__ import annotations

SUBJECTS = (
    "The store",
    "The engine",
    "A worker",
    "The renderer",
    "Each scene",
    "The timeline",
    "A retry",
    "The voice",
)
VERBS = ("keeps", "reads", "checks", "joins", "measures", "writes", "announces", "returns")
OBJECTS = (
    "every artifact under the digest of its content",
    "one request at a time and answers with a reference",
    "what was finished before the machine went down",
    "frames and samples as integers, so that nothing drifts",
    "the plan before anything is spoken or drawn",
    "a result that somebody else has made already",
    "the length of the picture, which follows from the speech",
    "its progress twice a second, until the work is done",
)


def sentence(number: int) -> str:
    """One sentence; neighbours differ."""
    subject, verb = SUBJECTS[number % 8], VERBS[(number * 3 + number // 8) % 8]
    return f"{subject} {verb} {OBJECTS[(number * 5 + number // 3) % 8]}."


def document(sections: int, *, edited: int | None = None) -> str:
    """A document of so many sections, each a heading, a paragraph, and in turn a list, a listing or a quote.

    Args:
        sections: How many; about eight seconds of video each, the paragraph alone about five.
        edited: The number of a section (from 0) in which one sentence reads otherwise.
    """
    parts = ["# A document of measured length\n", "Made for measuring, with a little of everything.\n"]
    for number in range(sections):
        parts.append(f"## Part {number + 1}\n")
        opening = "This sentence was edited." if number == edited else sentence(number)
        parts.append(f"{opening} {sentence(number + 3)}\n")
        kind = number % 4
        if kind == 1:
            parts += [f"- **{SUBJECTS[(number + n) % 8]}**: {sentence(number + n)}" for n in range(3)] + [""]
        elif kind == 2:
            lines = "\n".join(f"    step_{n} = run(plan[{n}])" for n in range(4))
            parts.append(f"```python\ndef part_{number}(plan):\n{lines}\n    return step_3\n```\n")
        elif kind == 3:
            parts.append(f"> {sentence(number + 7)}\n")
    return "\n".join(parts)
