"""Checks of this machine, each with its result and what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrator.cli.terminal import clean, emit, write
from orchestrator.embedded import engine
from orchestrator.engine import LocalEngine, connect
from orchestrator.settings import OrchestratorSettings
from services.artifacts.connect import StoreSettings
from services.artifacts.connect import store as connect_store
from services.chassis.errors import StoryreelError
from services.chassis.settings import home, load

OK, BROKEN = 0, 4
ROOM_BYTES = 2 << 30
"""A ten-minute video at 1080p takes about 0.3 GB, with everything it was made from."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `remedy` is empty when all is well."""

    check: str
    found: str
    remedy: str = ""


async def doctor(*, as_json: bool) -> int:
    """Run every check; the exit code is 0 when none found anything broken."""
    findings = [await _run(name, check) for name, check in CHECKS.items()]
    if as_json:
        emit({"checks": [{"check": f.check, "found": f.found, "remedy": f.remedy} for f in findings]})
    else:
        for finding in findings:
            mark = "✗" if finding.remedy else "✓"
            write(clean(f" {mark} {finding.check:<8}  {finding.found}") + "\n")
            if finding.remedy:
                write(clean(f"{'':12} → {finding.remedy}") + "\n")
    return BROKEN if any(finding.remedy for finding in findings) else OK


async def _run(name: str, check: Callable[[], Awaitable[tuple[str, str]]]) -> Finding:
    try:
        return Finding(name, *await check())
    except StoryreelError as error:
        remedy = "; ".join(s.description for s in error.suggestions) or "See the message."
        return Finding(name, error.message, remedy)
    except (ImportError, OSError, RuntimeError) as error:
        return Finding(name, f"{type(error).__name__}: {error}", "Install storyreel[local] again.")


async def _python() -> tuple[str, str]:
    return f"Python {sys.version.split()[0]}", ""


async def _home() -> tuple[str, str]:
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(folder).free
    found = f"{folder}, {free / 1e9:.0f} GB free; the log is {folder / 'log' / 'storyreel.jsonl'}"
    return found, "" if free > ROOM_BYTES else "Make room, or set STORYREEL_HOME to a larger disk."


async def _engine() -> tuple[str, str]:
    settings = load(OrchestratorSettings)
    if settings.temporal_address:
        await connect(settings.temporal_address, namespace=settings.temporal_namespace, seconds=3)
        return f"Temporal at {settings.temporal_address} answers", ""
    local: LocalEngine = engine()
    program = local.program()
    running = local.running()
    if running is None:
        return f"{program}; not running, started when needed", ""
    await connect(f"127.0.0.1:{running.port}", seconds=3)
    return f"{program}; runs as process {running.pid} on port {running.port}", ""


async def _store() -> tuple[str, str]:
    settings = load(StoreSettings)
    store = connect_store(settings)
    artifact = await store.put_bytes(b"doctor", media_type="text/plain")
    await store.read(artifact)
    where = settings.store_folder if settings.store == "local" else settings.s3_endpoint
    return f"{settings.store}, {where}", ""


async def _ffmpeg() -> tuple[str, str]:
    from services.muxing.backends.ffmpeg import Ffmpeg
    from services.muxing.settings import MuxingSettings

    return f"ffmpeg {await Ffmpeg(load(MuxingSettings).ffmpeg).version()}", ""


async def _drawing() -> tuple[str, str]:
    from PIL import features

    if features.check("raqm"):
        return f"Pillow {features.version('pil')} shapes text with raqm {features.version('raqm')}", ""
    remedy = "Install Pillow from its wheels: pip install --force-reinstall --only-binary :all: pillow"
    return "Pillow cannot shape text (no raqm)", remedy


async def _voices() -> tuple[str, str]:
    from services.tts.engines import engines
    from services.tts.settings import TtsSettings

    speakers = engines(load(TtsSettings))
    await speakers.start()
    try:
        choice = await speakers.choose("", language="en")
    finally:
        await speakers.close()
    passed = "".join(f"; {one.engine}: {one.why}" for one in choice.passed_over)
    return f"{choice.voice.engine} speaks ({choice.voice.name}){passed}", ""


CHECKS: dict[str, Callable[[], Awaitable[tuple[str, str]]]] = {
    "python": _python,
    "home": _home,
    "engine": _engine,
    "store": _store,
    "ffmpeg": _ffmpeg,
    "drawing": _drawing,
    "voices": _voices,
}
