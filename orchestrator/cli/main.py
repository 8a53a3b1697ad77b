"""The command line: storyreel render | submit | plan | watch | resume | cancel | list | voices | models …"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import secrets
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from orchestrator.cli import arguments, source, stopping
from orchestrator.cli.terminal import NobodyReadsError, emit, tell
from services.chassis import telemetry
from services.chassis.errors import (
    Configuration,
    Fault,
    ModelUnavailable,
    NotNow,
    StoryreelError,
)
from services.chassis.settings import CommonSettings, home, home_folder, load

OK, USAGE, INPUT, CONFIGURATION, UNAVAILABLE, STAGE_FAILED, DEFECT, INTERRUPTED = 0, 2, 3, 4, 5, 6, 70, 130
NOBODY_READS = 141
"""What a shell reports for a program that SIGPIPE has ended."""


def main(given: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    given = sys.argv[1:] if given is None else given
    as_json = arguments.wants_json(given)
    _encode(as_json=as_json)
    try:
        options = arguments.parse(given)
        as_json = options.json
        _start_log()
        telemetry.start("storyreel")
        if "source" in options:
            # Before signals are handled by the loop: reading a terminal or a pipe may take for ever.
            options.document = source.read(options.source)
        code = asyncio.run(_command(options))
    except StoryreelError as error:
        code = _say(error, as_json=as_json)
    except NobodyReadsError:
        code = NOBODY_READS
    except OSError as error:
        code = _say(Configuration(f"{error.filename or 'A file'}: {error.strerror}."), as_json=as_json)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception:
        error_id = secrets.token_hex(6)
        telemetry.log.exception("command.failed", error_id=error_id)
        defect = Fault("storyreel has failed unexpectedly; this is a defect.", error_id=error_id)
        code = _say(defect, as_json=as_json)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    stopping.leave(code)


def _encode(*, as_json: bool) -> None:
    """What a stream's encoding lacks is written in escapes; JSON is UTF-8 everywhere."""
    for stream, encoding in ((sys.stdout, "utf-8" if as_json else None), (sys.stderr, None)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _start_log() -> None:
    try:
        telemetry.start_log(load(CommonSettings).log, file=home_folder("log") / "storyreel.jsonl")
    except OSError as error:
        raise Configuration(
            f"{home()} cannot be written to ({error.strerror}). Set STORYREEL_HOME to a folder of yours."
        ) from None


def _say(error: StoryreelError, *, as_json: bool) -> int:
    """Tell an error, and give its exit code."""
    code = _exit_code(error)
    tell(f"storyreel: {arguments.describe(error)}\n")
    if as_json:
        event = {
            "event": "error",
            "reason": error.reason,
            "message": error.message,
            "suggestions": [s.description for s in error.suggestions],
            "violations": [{"field": v.field, "description": v.description} for v in error.violations],
            "error_id": error.error_id,
            "exit_code": code,
        }
        with contextlib.suppress(NobodyReadsError):
            emit(event)
    return code


def _exit_code(error: StoryreelError) -> int:
    if isinstance(error, arguments.UsageError):
        return USAGE
    if isinstance(error, Configuration | ModelUnavailable):
        return CONFIGURATION
    if isinstance(error, NotNow):
        return UNAVAILABLE
    return DEFECT if isinstance(error, Fault) else INPUT


async def _command(options: argparse.Namespace) -> int:
    """Run a command in one trace, and send that before the process ends."""
    span = telemetry.tracer.start_as_current_span(
        telemetry.COMMAND_SPAN,
        attributes={telemetry.COMMAND: options.command},
        record_exception=False,
        set_status_on_exception=False,
    )
    try:
        with span:
            return await _run(options)
    finally:
        await telemetry.stop()


async def _run(options: argparse.Namespace) -> int:
    """Run a command; Ctrl-C, SIGTERM and SIGHUP ask it to stop, a second one ends the process at once."""
    if options.command == "doctor":
        from orchestrator.cli.doctor import doctor

        return await doctor(as_json=options.json)
    if options.command == "voices":
        from orchestrator.cli.voices import voices

        return await voices(options.language, as_json=options.json)
    run = _longer(options.command)
    options.asked = asked = asyncio.Event()
    options.begun = options.command == "models"  # which says itself how to go on
    task = asyncio.ensure_future(run(options))
    stopping.Stopping(task, asked).listen()
    try:
        return await task
    except asyncio.CancelledError:
        if not options.begun:
            tell("Stopped. The same command begins again.\n")
        return INTERRUPTED
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _longer(command: str) -> Callable[[argparse.Namespace], Coroutine[Any, Any, int]]:
    """A command that may take long, and is asked to stop by Ctrl-C."""
    if command == "models":
        from orchestrator.cli.models import models

        return models
    from orchestrator.cli import commands

    run: Callable[[argparse.Namespace], Coroutine[Any, Any, int]] = getattr(commands, command)
    return run


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error of ours in a group, or that nobody reads, or its first."""
    flat: list[BaseException] = []

    def walk(error: BaseException) -> None:
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                walk(inner)
        else:
            flat.append(error)

    walk(group)
    told = (StoryreelError, NobodyReadsError)
    return next((error for error in flat if isinstance(error, told)), flat[0])


if __name__ == "__main__":
    main()
