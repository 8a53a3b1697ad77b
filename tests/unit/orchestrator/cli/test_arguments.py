"""What the command line understands."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from orchestrator.cli.arguments import UsageError, describe, parse, wants_json
from services.chassis.errors import InvalidRequest, Violation


@pytest.mark.parametrize(
    ("words", "said", "field"),
    [
        (["plan", "a.md", "--language", "en_US"], "--language: 'en_US' is not a language tag", "language"),
        (["plan", "a.md", "--speed", "x"], "--speed: 'x' is not a whole number", "speed"),
        (["resume", "nonsense!"], "JOB: 'nonsense!' is not a job's name", "job"),
        (["render", "a.md", "-o", ""], "--output: the name is empty", "output"),
        (["render", "a.md"], "required: -o/--output", ""),
        (["frob"], "invalid choice: 'frob'", "command"),
        ([], "required: COMMAND", ""),
        (["plan", "a.md", "--bogus"], "unrecognized arguments: --bogus", ""),
    ],
)
def test_a_line_that_cannot_be_understood_is_one_sentence_and_names_the_option(
    words: list[str], said: str, field: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)

    assert said in caught.value.message
    assert [violation.field for violation in caught.value.violations] == ([field] if field else [])
    assert "--help" in caught.value.suggestions[0].description
    assert describe(caught.value).count(said) == 1


def test_what_was_not_given_has_its_default() -> None:
    options = parse(["watch"])

    assert (options.job, options.output, options.force, options.json) == (None, None, False, False)


def test_json_is_seen_on_a_line_that_cannot_be_understood() -> None:
    assert wants_json(["frob", "--json"])
    assert wants_json(["list", "--js"])
    assert not wants_json(["plan", "--", "-"])


def test_a_violation_that_the_message_tells_is_not_told_again() -> None:
    error = InvalidRequest(
        "The request breaks its contract: a: too long.",
        violations=[Violation("a", "too long"), Violation("b", "too short")],
    )

    told = describe(error)

    assert told.count("too long") == 1
    assert "✗ b: too short" in told


def test_the_version_is_written_and_ends_the_process_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["--version"])

    assert caught.value.code == 0
    assert capsys.readouterr().out == f"storyreel {version('storyreel')}\n"
