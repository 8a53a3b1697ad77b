"""The command line of a serving process: --help tells what it serves and which settings there are."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NoReturn, get_args

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.chassis.settings import variable

USAGE_EXIT = 2
"""The exit code of a process that was given arguments it does not take."""

WIDTH = 88
"""Columns of the help; what no setting's name may make longer is broken between words."""


class Parser(argparse.ArgumentParser):
    """Takes arguments as argparse does, and refuses others in one line.

    Args:
        prog: What was called, `python -m services.tts`.
        description: What it is for.
        kinds: The settings it reads; the help lists them.
        only: The fields of them that it reads; empty for all.
    """

    def __init__(
        self,
        prog: str,
        description: str,
        kinds: Sequence[type[BaseSettings]] = (),
        only: Collection[str] = (),
    ) -> None:
        super().__init__(
            prog,
            description=description,
            epilog="settings, from the environment:\n" + "".join(_listed(kinds, only)) if kinds else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Say in one line what is not understood, and end with 2."""
        said = " ".join(message.split())
        sys.stderr.write(f"{said[:1].upper()}{said[1:]}. `{self.prog} --help` tells what may be given.\n")
        raise SystemExit(USAGE_EXIT)


def read_no_arguments(serves: str, kind: type[BaseSettings], *others: type[BaseSettings]) -> None:
    """Take the command line of a stage: nothing but --help, which ends the process with 0.

    Args:
        serves: The service and what it does, in a sentence's beginning.
        kind: The stage's settings; their module is in the stage's package.
        others: What else it reads.
    """
    address, place = variable(kind, "address"), kind.model_fields["address"].default
    Parser(
        f"python -m {kind.__module__.rpartition('.')[0] or kind.__module__}",
        textwrap.fill(f"Serves {serves}, until SIGTERM, at {address} (default: {place}).", WIDTH),
        (kind, *others),
    ).parse_args()


def _listed(kinds: Sequence[type[BaseSettings]], only: Collection[str] = ()) -> Iterator[str]:
    """Each variable once, with its default and what it is for."""
    seen: set[str] = set()
    for kind in kinds:
        for field, info in kind.model_fields.items():
            name = variable(kind, field)
            if name not in seen and (not only or field in only):
                seen.add(name)
                told = " ".join(filter(None, (info.description, _choices(info))))
                lines = textwrap.wrap(told, WIDTH - 6, break_on_hyphens=False)
                yield f"  {name}{_default(info)}\n" + "".join(f"      {line}\n" for line in lines)


def _choices(info: FieldInfo) -> str:
    """What the setting can be, where its description does not name it all."""
    words = [word for word in get_args(info.annotation) if isinstance(word, str)]
    if info.annotation in (bool, bool | None):
        words = ["1", "0"]
    missing = [word for word in words if f"`{word}`" not in (info.description or "")]
    return f"One of {', '.join(words)}." if missing else ""


def _default(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=True, validated_data={})
    return f" (default: {_written(default)})" if _written(default) else ""


def _written(default: Any) -> str:
    """A default as the environment would hold it; "" where nothing is set."""
    if isinstance(default, bool):
        return str(int(default))
    text = "" if default is None or default == {} else str(default)
    return f"{default:g}" if isinstance(default, float) else text
