"""What the command line understands, and what it says for --help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from orchestrator.cli import limits
from orchestrator.cli.terminal import clean, write
from services.chassis.errors import InvalidRequest, StoryreelError, Suggestion, Violation
from services.chassis.version import version
from services.models.catalogue import MODELS as KNOWN

DESCRIPTION = "Turn documents into narrated videos, on this machine or on a server."

ENDING = """\
Runs here, on the CPU, unless STORYREEL_ADDRESS says where a server answers, as
host:port or unix:/path/of/a.sock: documents are uploaded, videos downloaded.
Work in progress and everything made lies under STORYREEL_HOME
(default: ~/.local/share/storyreel); nothing finished is made twice.

exit codes: 0 done · 2 a wrong argument · 3 input · 4 configuration
            5 engine, store or disk not available; 6 the job failed, `storyreel resume` goes on
            70 a defect · 130 interrupted · 141 nobody reads the output any more
"""

SIZES = {"1080p": (1920, 1080), "720p": (1280, 720)}
ACCENTS = ("orange", "blue", "purple", "green", "pink", "cyan")


class UsageError(InvalidRequest):
    """The words of the command line are not what a command takes."""


class _Parser(argparse.ArgumentParser):
    """Raises what argparse would print, so that it is told as every other error is."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line, naming the option and where the options are explained."""
        said = re.fullmatch(r"argument (?:\S+/)?(\S+): (.+)", message, re.DOTALL)
        option, what = said.groups() if said else ("", message)
        what += "" if what.endswith((".", "?")) else "."
        raise UsageError(
            f"{option}: {what}" if option else what,
            suggestions=[Suggestion(f"`{self.prog} --help` explains what may be given.")],
            violations=[Violation(option.lstrip("-").lower(), what)] if option else [],
        )


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print it and end with 0."""
        write(f"storyreel {version() or '(not installed: run from its source)'}\n")
        parser.exit()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; --help and --version end the process with 0.

    Raises:
        UsageError: It cannot be understood, or a value is not allowed.
    """
    parser = _Parser(
        "storyreel",
        description=DESCRIPTION,
        epilog=ENDING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    render = _command(commands, "render", "Turn a document into a video and wait for it.", RENDER)
    _source(render)
    _output(render, "the video to write", required=True)
    _look(render)

    submit = _command(commands, "submit", "Hand a document in and leave; prints the job's name.", SUBMIT)
    _source(submit)
    _look(submit)
    submit.add_argument(
        "--request-id",
        type=limits.request_id,
        default="",
        metavar="ID",
        help="repeat the command safely: the same id is the same job",
    )

    plan = _command(commands, "plan", "Show scenes, narration and length before anything is made.", PLAN)
    _source(plan)
    _look(plan)

    watch = _command(commands, "watch", "Follow a job to its end.", WATCH)
    _job(watch)
    _output(watch, "where to write the video")

    resume = _command(commands, "resume", "Go on with a job that was interrupted or failed.", RESUME)
    _job(resume)
    _output(resume, "where to write the video")

    cancel = _command(commands, "cancel", "Stop a job; what it has finished is kept.", CANCEL)
    cancel.add_argument("job", type=limits.job, metavar="JOB", help="the job, as `storyreel list` names it")

    listing = _command(commands, "list", "List jobs, the newest first.", LIST)
    listing.add_argument(
        "-n",
        "--number",
        type=limits.number,
        default=20,
        help=f"at most so many, up to {limits.MOST_LISTED} (default: 20)",
    )
    listing.add_argument("--plans", action="store_true", help="also jobs that only planned")

    voices = _command(commands, "voices", "List the voices that can speak now.", VOICES)
    voices.add_argument(
        "--language",
        type=limits.language,
        default="en",
        metavar="TAG",
        help='only voices of this language, BCP 47; "" for all (default: en)',
    )

    _models(commands)

    _command(commands, "doctor", "Check this machine and say what is wrong.", DOCTOR)
    return parser.parse_args(arguments)


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line that cannot be understood asks for JSON."""
    return any(len(word) > 3 and "--json".startswith(word) for word in arguments)


RENDER = """\
examples:
  storyreel render README.md -o out/README.mp4
  storyreel render talk.txt -o out/talk.mp4 --size 720p --theme light --accent green
  storyreel render guide.md -o guide.mp4 --json | jq .fraction

With --json an event for each change: `stages` (footage in the making is in `running` of the
stage generation: scene_id, attempt, step, done, total, unit, remaining_seconds) and `attempts`
at footage that failed, each with the `changes` of the next.
Beside OUT.mp4 stand OUT.srt and OUT.vtt (captions), OUT.txt (transcript), OUT.jpg
(thumbnail) and OUT.manifest.json (what it was made from and how). Of these six, a
file that storyreel did not write, or that was changed since, is only overwritten
with --force; the source never is.
Ctrl-C stops the work and keeps what is finished: `storyreel resume` goes on.
"""
SUBMIT = """\
The job waits in this home's engine until `storyreel watch`, `resume` or
`python -m orchestrator serve` works on it; a server starts at once.
"""
PLAN = """\
Nothing is spoken or drawn; the voice is chosen, so that one nobody has is refused
here as `render` would. With --json one line: `scenes` (id, type, narration,
estimated_seconds), `coverage.blocks` (where every block of the source went: id, kind,
text, place, outcome, reason), `voice` and `footage_seconds`, which devices take for all footage. A
scene's `footage` has its pool, outlook, place, clips, estimated_seconds, and what pre-flight
found: `report` with plan, adjustments, forecast, placement and findings.
"""
WATCH = """\
Works on the job here when it is this home's. Ctrl-C stops watching; the job
goes on where something else works on it (serve, a server).
"""
RESUME = """\
Finished work is found and not done again. Writes to where the first try would
have written, unless -o names another place.
"""
CANCEL = "Answers when nothing works for the job any more.\n"
LIST = 'With --json one line: {"jobs": [{"name": …, "state": …}]}.\n'
VOICES = """\
The voices are those of this machine, or of the server at STORYREEL_ADDRESS. A
role is played by the first engine that can; the name of a voice asks for that one.
With --json one line: {"voices": [{"name": …, "language": …, "engine": …, "role": …, "online": …}]}.
"""
DOCTOR = """\
Looks at the programs, fonts, voices, models, the store, the engine and the disk;
with STORYREEL_ADDRESS at the server: whether it answers, its version, jobs, store and voices.
"""
MODELS = """\
Clips are drawn without any model; generated footage needs one. They lie in
STORYREEL_GENERATION_MODELS (default: models in STORYREEL_HOME), one folder each.
"""
FETCH = """\
examples:
  storyreel models fetch ti2v-5B
  storyreel models fetch t2v-A14B --from /mnt/Wan2.2-T2V-A14B-Diffusers

Downloads from the Hugging Face hub (pip install 'storyreel[models]'; HF_TOKEN and
HF_ENDPOINT are honoured) the newest commit, or that of --revision, and compares every
byte with what the hub says of it. Interrupted, the same command goes on. manifest.json
in the model's folder records the commit, and size and sha256 of each file.
With --from nothing is downloaded: the folder's files are linked, or copied from
another disk. Where nothing in the folder says which commit it is of, --revision does.
With --json lines {"event": "progress", "step": "download" | "copy" | "verify", "fraction": …,
"done_bytes": …, "total_bytes": …}, last {"event": "finished", "model": …, "revision": …,
"size_bytes": …, "files": …, "folder": …, "linked": …}.
exit codes: 4 the files are not those of the model, or the folder cannot be used;
5 the hub cannot be reached or the disk is full
"""
VERIFY = """\
Compares names, sizes and the headers of the weights with manifest.json, then the
sha256 of every file; a file is read once, and again only after it was written to.
With --json lines {"event": "progress", …}, and for each model {"event": "verified", "model": …,
"whole": …, "check": "full" | "quick", "problems": [ … ]}.
exit codes: 0 all are whole, 4 one is broken or not there
"""
MODELS_LIST = """\
A quick look at names, sizes and headers; `storyreel models verify` reads every byte.
With --json one line: {"folder": …, "models": [{"model": …, "state": "whole" | "broken" |
"absent", "whole": …, "revision": …, "size_bytes": …, "problems": [ … ]}]}.
"""


def _command(commands: object, name: str, text: str, epilog: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(  # type: ignore[attr-defined]
        name,
        help=text,
        description=text,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--json",
        action="store_true",
        help="for machines, on stdout: every line is one JSON object, errors included",
    )
    return command


def _models(commands: object) -> None:
    models: argparse.ArgumentParser = commands.add_parser(  # type: ignore[attr-defined]
        "models",
        help="Fetch, verify or list the models of generated footage.",
        description="Fetch, verify or list the models of generated footage.",
        epilog=MODELS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION", title="actions")
    fetch = _command(actions, "fetch", "Fetch a model, or take it from a folder.", FETCH)
    verify = _command(actions, "verify", "See whether models are whole.", VERIFY)
    listing = _command(actions, "list", "List the models, and which of them are there.", MODELS_LIST)

    fetch.add_argument("model", type=limits.model, metavar="MODEL", help=", ".join(KNOWN))
    fetch.add_argument(
        "--from", dest="given", type=limits.folder, metavar="FOLDER", help="take what lies in this folder"
    )
    fetch.add_argument(
        "--revision",
        type=limits.revision,
        metavar="REV",
        help="a commit, a branch or a tag; with --from a commit (default: main)",
    )
    verify.add_argument("model", type=limits.model, nargs="?", metavar="MODEL", help="default: all there are")
    verify.add_argument("--quick", action="store_true", help="only names, sizes and headers")
    verify.add_argument("--again", action="store_true", help="also read what was found whole before")
    for action in (fetch, verify, listing):
        action.add_argument(
            "--models", type=limits.folder, metavar="FOLDER", help="where they lie, instead of the default"
        )


def _source(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "source",
        metavar="SOURCE",
        help="a markdown or plain text file, or - for standard input; its footage's images lie beside it",
    )


def _look(command: argparse.ArgumentParser) -> None:
    look = command.add_argument_group("voice and picture")
    look.add_argument(
        "--voice",
        type=limits.voice,
        default="",
        metavar="NAME",
        help="a role (male, male_warm, female, female_friendly, british, australian, indian) "
        "or a voice's own name; `storyreel voices` lists them (default: male)",
    )
    look.add_argument(
        "--language",
        type=limits.language,
        default="",
        metavar="TAG",
        help="the document's language, BCP 47 (default: en)",
    )
    look.add_argument(
        "--speed", type=limits.speed, default=0, metavar="PERCENT", help="50 to 200 (default: 100)"
    )
    look.add_argument(
        "--size", choices=SIZES, default="1080p", help="16:9, 30 frames per second (default: 1080p)"
    )
    look.add_argument("--theme", choices=("dark", "light"), default="dark", help="(default: dark)")
    look.add_argument(
        "--accent", choices=ACCENTS, default="blue", help="the colour of what stands out (default: blue)"
    )
    look.add_argument(
        "--timing",
        choices=("constant", "sparse"),
        default="constant",
        help="sparse writes only frames that differ: a fast preview (default: constant)",
    )


def _job(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "job", type=limits.job, nargs="?", metavar="JOB", help="the job; default: the newest that can go on"
    )


def _output(command: argparse.ArgumentParser, text: str, *, required: bool = False) -> None:
    command.add_argument("-o", "--output", type=limits.video, required=required, metavar="OUT.mp4", help=text)
    command.add_argument(
        "--force", action="store_true", help="overwrite files there that storyreel did not write"
    )


def describe(error: StoryreelError) -> str:
    """An error for people: what happened, what to do, and the id when there is one."""
    lines = [*error.message.splitlines(), *(f"  → {way.description}" for way in error.suggestions)]
    lines += [
        f"  ✗ {v.field}: {v.description}" for v in error.violations if v.description not in error.message
    ]
    if error.error_id:
        lines.append(f"  id {error.error_id}: `storyreel doctor` names the log that has the rest")
    return "\n".join(clean(line) for line in lines)
