"""Checks of this machine, or of the server at STORYREEL_ADDRESS, each with what to do about it."""

from __future__ import annotations

import asyncio
import shutil
import stat
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from orchestrator.cli import doctor_server
from orchestrator.cli.terminal import clean, emit, write
from orchestrator.cli.voices import tts
from orchestrator.embedded import engine
from orchestrator.engine import connect
from orchestrator.local_engine import LocalEngine
from orchestrator.settings import CommandSettings, OrchestratorSettings
from services.artifacts.connect import StoreSettings
from services.artifacts.connect import store as connect_store
from services.chassis.errors import StoryreelError
from services.chassis.settings import PRIVATE, home_folder, load

OK, BROKEN = 0, 4
ROOM_BYTES = 2 << 30
"""A ten-minute video at 1080p takes about 0.3 GB, with everything it was made from."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `remedy` is empty when all is well, `notes` are for who needs more than that."""

    check: str
    found: str
    remedy: str = ""
    notes: tuple[str, ...] = ()


Found = tuple[str, str] | tuple[str, str, tuple[str, ...]]
"""What a check says: what it found, the remedy, and notes if any."""


async def doctor(*, as_json: bool) -> int:
    """Run every check; the exit code is 0 when none found anything broken."""
    findings = []
    address = load(CommandSettings).address
    for name, check in (doctor_server.checks(address) if address else CHECKS).items():
        findings.append(await _run(name, check))
        if name == doctor_server.SERVER and findings[-1].remedy:
            break
    if as_json:
        emit({"checks": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark = "✗" if finding.remedy else "✓"
            write(clean(f" {mark} {finding.check:<8}  {finding.found}") + "\n")
            if finding.remedy:
                write(clean(f"{'':12} → {finding.remedy}") + "\n")
            for note in finding.notes:
                write(clean(f"{'':12} · {note}") + "\n")
    return BROKEN if any(finding.remedy for finding in findings) else OK


async def _run(name: str, check: Callable[[], Awaitable[Found]]) -> Finding:
    try:
        return Finding(name, *await check())
    except StoryreelError as error:
        remedy = " ".join(s.description for s in error.suggestions) or REMEDIES.get(name, INSTALL)
        return Finding(name, error.message, remedy)
    except ImportError as error:
        return Finding(name, f"A package is missing: {error}.", INSTALL)
    except OSError as error:
        return Finding(name, f"{error.filename or 'A file'}: {error.strerror}.", REMEDIES.get(name, INSTALL))
    except RuntimeError as error:
        return Finding(name, f"{type(error).__name__}: {error}", REMEDIES.get(name, INSTALL))


async def _python() -> tuple[str, str]:
    return f"Python {sys.version.split()[0]}", ""


async def _home() -> tuple[str, str, tuple[str, ...]]:
    folder = home_folder()
    probe = folder / ".doctor"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(folder).free
    found = f"{folder}, {free / 1e9:.0f} GB free; the log is {folder / 'log' / 'storyreel.jsonl'}"
    remedy = "" if free > ROOM_BYTES else "Make room, or set STORYREEL_HOME to a larger disk."
    mode = stat.S_IMODE(folder.stat().st_mode)
    open_ = f"others can look into it (mode {mode:o}); `chmod 700 {folder}` ends that"
    return found, remedy, (open_,) if mode & ~PRIVATE else ()


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
    return "Pillow draws Latin, Greek, Cyrillic and Chinese, Japanese, Korean alone", REMEDIES["drawing"]


async def _fonts() -> tuple[str, str, tuple[str, ...]]:
    """Which scripts can be drawn; one that cannot is a note, since few documents need it."""
    from services.cards.typesetting import faces, scripts

    drawn = await asyncio.to_thread(faces.drawable_scripts)
    by_package: dict[str, list[str]] = {}
    for script in (script for script, able in drawn.items() if not able):
        by_package.setdefault(scripts.package_for(scripts.SAMPLES[script][0]), []).append(script)
    notes = [
        f"no font for {', '.join(missing)}: install {scripts.INSTALL[package]}"
        for package, missing in by_package.items()
    ]
    return "draws " + ", ".join(script for script, able in drawn.items() if able), "", tuple(notes)


async def _voices() -> tuple[str, str]:
    async with tts() as client:
        choice = await client.choose_voice(language="en")
    passed = "".join(f"; {one.engine}: {one.why}" for one in choice.passed_over)
    return f"{choice.voice.engine} speaks ({choice.voice.name}){passed}", ""


async def _models() -> tuple[str, str, tuple[str, ...]]:
    """Which models are whole as far as a quick look can tell; none is needed for drawn clips."""
    from orchestrator.cli.models import mend
    from services.models.catalogue import MODELS
    from services.models.files import ModelFiles
    from services.models.settings import ModelSettings

    folder = load(ModelSettings).folder
    files = ModelFiles(folder)
    problems = {name: await asyncio.to_thread(files.missing, name) for name in MODELS}
    whole = [name for name, found in problems.items() if not found]
    damaged = [name for name, found in problems.items() if found and (folder / name).is_dir()]
    notes = [f"{name}: {problems[name][0]} {mend(name, folder / name)}" for name in damaged]
    if absent := [name for name in MODELS if name not in whole and name not in damaged]:
        notes.append(f"not there: {', '.join(absent)}; `storyreel models fetch {absent[-1]}` fetches one")
    unneeded = "" if whole else "; only generated footage needs one"
    return f"{', '.join(whole) or 'none'} in {folder}{unneeded}", "", tuple(notes)


async def _footage() -> tuple[str, str, tuple[str, ...]]:
    """Who generates footage, and the next step to it; nobody needs to. What is set has to start."""
    from services.generation.clip import Capability
    from services.generation.generators import generators
    from services.generation.settings import GenerationSettings

    settings, able = load(OrchestratorSettings), dict[str, Capability]()
    for generator in generators(load(GenerationSettings), connect_store(load(StoreSettings))):
        try:
            await generator.start()
            able[generator.name] = await generator.capability()
        finally:
            await generator.close()
    from orchestrator.cli import doctor_footage

    return doctor_footage.found(able, settings), "", doctor_footage.missing(able, settings)


INSTALL = "Install storyreel[local] again."
REMEDIES = {
    "python": "Use Python 3.11 or newer.",
    "home": "Set STORYREEL_HOME to a folder of yours that can be written to.",
    "engine": "Install storyreel[local] again for an engine of your own; for a cluster, start its Temporal "
    "server or correct STORYREEL_TEMPORAL_ADDRESS and STORYREEL_TEMPORAL_NAMESPACE.",
    "store": "Make room and give back the right to write there; for S3, start it or correct "
    "STORYREEL_S3_ENDPOINT, _ACCESS_KEY, _SECRET_KEY and _BUCKET.",
    "ffmpeg": "Install storyreel[local] again, or set STORYREEL_FFMPEG to an ffmpeg that runs.",
    "drawing": "Install libfribidi0 (Debian, Ubuntu) or "
    "fribidi (Fedora, Arch, Alpine) for Arabic, Hebrew, Indic scripts and Thai.",
    "footage": "Set STORYREEL_GENERATION_DEVICE or STORYREEL_GENERATION_VIDEOS_URL to what is there, "
    "or to nothing.",
    "models": "Set STORYREEL_GENERATION_MODELS to a folder that can be read.",
    "voices": "Install storyreel[local] again for the offline voice; STORYREEL_TTS_ENGINES=edge,espeak "
    "and STORYREEL_TTS_ONLINE=1 turn all voices on.",
}
"""What to do about a check whose error names no way out."""

CHECKS: dict[str, Callable[[], Awaitable[Found]]] = {
    "python": _python,
    "home": _home,
    "engine": _engine,
    "store": _store,
    "ffmpeg": _ffmpeg,
    "drawing": _drawing,
    "fonts": _fonts,
    "voices": _voices,
    "models": _models,
    "footage": _footage,
}
