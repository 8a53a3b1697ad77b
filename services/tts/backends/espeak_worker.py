"""espeak-ng's own process: each text is spoken in a fresh copy of it, so equal requests give equal bytes."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from services.chassis.errors import VoiceUnavailable
from services.chassis.progress import Report
from services.media.clock import SAMPLE_RATE
from services.tts import audio
from services.tts.backends.espeak_library import Library


@cache
def library() -> Library:
    """The library, loaded once; nothing is spoken in this process itself."""
    return Library()


def answer(payload: bytes, report: Report) -> bytes:
    """Do what the request's `do` says: `list` the voices, or `speak` into the file it names."""
    request = json.loads(payload)
    loaded = library()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if request["do"] == "list":
            reply: dict[str, Any] = _apart(
                folder, lambda: {"languages": loaded.languages(), "variants": loaded.variants()}
            )
        else:
            reply = _speak(loaded, folder, request)
    return json.dumps(reply).encode()


def _speak(loaded: Library, folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    text, pcm = request["text"], folder / "speech.pcm"

    def spoken() -> dict[str, Any]:
        with pcm.open("wb") as to:
            count, events = loaded.speak(
                text, voice=request["voice"], words_per_minute=request["words_per_minute"], to=to
            )
        return {"count": count, "events": events}

    found = _apart(folder, spoken)
    if found["count"] * SAMPLE_RATE > audio.LONGEST * loaded.rate:
        raise audio.too_long(text)
    with pcm.open("rb") as source:
        sound = audio.from_pcm(source, rate=loaded.rate, count=found["count"], to=Path(request["to"]))
    events = [
        [char, _at_clock(start, loaded.rate), _at_clock(end, loaded.rate)]
        for char, start, end in found["events"]
    ]
    return {"samples": sound.samples, "peak": sound.peak, "events": events}


def _at_clock(sample: int, rate: int) -> int:
    """A sample at the library's rate as one at 48 kHz, halves up."""
    return (2 * sample * SAMPLE_RATE + rate) // (2 * rate)


def _apart(folder: Path, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do work in a copy of this process and return what it returned.

    The library keeps noise and filters from one text to the next, even across voices. In a copy made
    before the first text all of that is as it was when the library was loaded.

    Raises:
        VoiceUnavailable: The copy died.
    """
    result = folder / "result.json"
    sys.stderr.flush()
    copy = os.fork()
    if copy == 0:
        status = 1
        try:
            result.write_text(json.dumps(work()))
            status = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            # Nothing of the parent's is flushed or cleaned up twice.
            os._exit(status)
    _, ended = os.waitpid(copy, 0)
    code = os.waitstatus_to_exitcode(ended)
    if code:
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        raise VoiceUnavailable(f"espeak-ng ended with {how}.", metadata={"exit": how})
    found: dict[str, Any] = json.loads(result.read_text())
    return found
