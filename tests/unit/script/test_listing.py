"""Sentences about listings are true of them."""

from __future__ import annotations

import pytest

from services.script.listing import sentence, short_commands
from services.story.scene import CodeCard
from services.story.text import Text


def card(language: str, code: str, *, first_line: int = 1, total_lines: int = 0) -> CodeCard:
    return CodeCard(Text("Header"), language, code, first_line, total_lines)


@pytest.mark.parametrize(
    ("language", "code", "said"),
    [
        (
            "python",
            "import x\n\ndef render(a):\n    def inner(): ...\nclass Clip: ...",
            "5 lines of Python define render and Clip.",
        ),
        ("rust", "pub async fn main() {}", "One line of Rust defines main."),
        ("go", "func (s *Server) Run() {\n}", "2 lines of Go define Run."),
        ("ts", "export default function App() {\n}", "2 lines of TypeScript define App."),
        ("c", "int main(int argc, char **argv)\n{\n  other(1);\n}", "4 lines of C define main."),
        ("yaml", "services:\n  a: 1\nvolumes: {}", "3 lines of YAML set services and volumes."),
        ("json", '{\n  "name": "x",\n  "deps": {}\n}', "4 lines of JSON set name and deps."),
        ("sql", "CREATE TABLE IF NOT EXISTS users (\n id int);", "2 lines of SQL define users."),
        (
            "bash",
            "# up\nsudo apt-get update\nA=1 docker build \\\n  -t x .\n./run.sh\ngit push",
            "6 lines of shell script run apt-get, docker, run.sh and 1 more.",
        ),
        (
            "console",
            "$ make\nmade it\n$ git log --oneline --decorate --graph --all --max-count=20",
            "3 lines of a terminal session run make and git.",
        ),
        ("console", "% make all\nmade it\n% ls", "3 lines of a terminal session run make and ls."),
        ("shell-session", "$ make\n# not git\nok", "3 lines of a terminal session run make."),
        ("console", "made it\nall of it", "Here are 2 lines of a terminal session."),
        ("", "some text\nmore of it", "Here are 2 lines of a listing."),
        ("unheard", "x", "Here is one line of a listing."),
    ],
)
def test_a_listing_is_described_by_what_it_holds(language: str, code: str, said: str) -> None:
    assert sentence(card(language, code)) == said


def test_a_first_part_tells_how_much_there_is() -> None:
    said = sentence(card("python", "def a(): ...\nx = 1", total_lines=40))

    assert said == "The first 2 of 40 lines of Python define a."


def test_a_later_part_says_briefly_that_it_goes_on() -> None:
    plain = sentence(card("python", "    return 3", first_line=17, total_lines=40))
    naming = sentence(card("python", "def b(): ...", first_line=17, total_lines=40))

    assert plain == "The listing goes on."
    assert naming == "The listing goes on and defines b."


def test_short_commands_are_read_out_without_prompt_and_output() -> None:
    found = short_commands(card("console", "$ make run\nout.mp4 written", total_lines=2))

    assert found == ["make run"]


@pytest.mark.parametrize(
    ("language", "code"),
    [("sh", "a\nb\nc"), ("sh", "echo " + "x" * 60), ("python", "print(1)"), ("sh", "# only a comment")],
)
def test_other_listings_are_not_read_out(language: str, code: str) -> None:
    assert short_commands(card(language, code)) == []
