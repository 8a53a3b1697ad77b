"""What may follow an option: the contract's own rules, told in plain words and with an example."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from google.protobuf.message import Message

from buf.validate import validate_pb2
from services.models.catalogue import MODELS
from storyreel.job.v1 import job_pb2, job_service_pb2

MOST_LISTED = 200
"""Jobs that `list` asks for at once; the contract's page is as large."""

_SHOWN = 60
"""Characters of a refused value that its refusal repeats."""


def voice(text: str) -> str:
    """A role or a voice's own name; only the service knows which there are."""
    return _allowed(
        text,
        _rule(job_pb2.Settings, "voice"),
        "is not a voice's name. One begins with a letter or a digit and has at most 100 letters, digits, "
        "spaces, +, _, . and -, such as female or en-us+f3; `storyreel voices` lists them",
    )


def language(text: str) -> str:
    """A language as BCP 47 writes it."""
    rule = _rule(job_pb2.Settings, "language")
    hyphens = text.replace("_", "-")
    nearest = f"Did you mean {hyphens}?" if hyphens != text and _fits(hyphens, rule) else ""
    return _allowed(
        text,
        rule,
        "is not a language tag. One is two or three letters, then, where needed, a region after a hyphen, "
        f"such as en, de or pt-BR. {nearest}".strip(),
    )


def speed(text: str) -> int:
    """A pace in percent of the voice's own."""
    rule = _rule(job_pb2.Settings, "speed_percent").uint32
    return _whole(text, rule.gte, rule.lte, "percent of the voice's own pace, such as 120")


def number(text: str) -> int:
    """How many jobs to list."""
    return _whole(text, 1, MOST_LISTED, "such as 50")


def request_id(text: str) -> str:
    """What makes `submit` safe to repeat."""
    return _allowed(
        text,
        _rule(job_service_pb2.CreateJobRequest, "request_id"),
        "is not a request id. One has at most 128 letters, digits, ., _ and -, without accents or spaces, "
        "such as talk-2024",
    )


def job(text: str) -> str:
    """A job's name, with or without `jobs/` before it."""
    name = f"jobs/{text.removeprefix('jobs/')}"
    if not _fits(name, _rule(job_service_pb2.GetJobRequest, "name")):
        raise argparse.ArgumentTypeError(
            f"{_quoted(text)} is not a job's name. One is jobs/ and 8 to 64 small letters and digits, "
            "such as jobs/1a2b3c4d5e6f; `storyreel list` shows them"
        )
    return name


def video(text: str) -> Path:
    """The file to write; whether it can be written is looked at later."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty. Name the video to write, such as video.mp4")
    return Path(text)


def model(text: str) -> str:
    """A model that clips are generated with."""
    if text not in MODELS:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a model. There are {', '.join(MODELS)}")
    return text


def revision(text: str) -> str:
    """A commit, a branch or a tag."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", text) is None or ".." in text:
        raise argparse.ArgumentTypeError(
            f"{_quoted(text)} is not a revision. One is a commit of 40 hexadecimal digits, a branch, a tag, "
            "such as main"
        )
    return text


def folder(text: str) -> Path:
    """A folder; whether it is there is looked at later."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty. Name a folder")
    return Path(text)


def _rule(message: type[Message], field: str) -> validate_pb2.FieldRules:
    options = message.DESCRIPTOR.fields_by_name[field].GetOptions()
    rules: validate_pb2.FieldRules = options.Extensions[validate_pb2.field]
    return rules


def _fits(text: str, rule: validate_pb2.FieldRules) -> bool:
    short = not rule.string.HasField("max_len") or len(text) <= rule.string.max_len
    return short and re.fullmatch(rule.string.pattern, text) is not None


def _allowed(text: str, rule: validate_pb2.FieldRules, otherwise: str) -> str:
    if not _fits(text, rule):
        raise argparse.ArgumentTypeError(f"{_quoted(text)} {otherwise}")
    return text


def _whole(text: str, least: int, most: int, of_what: str) -> int:
    digits = text.strip().isdecimal() and len(text) < 10
    if not digits or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(
            f"{_quoted(text)} is not a whole number from {least} to {most}, {of_what}"
        )
    return int(text)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
