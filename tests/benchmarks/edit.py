"""One sentence of a 20-section document edited and rendered again: what is made anew, and what it costs."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from tests.benchmarks.documents import document
from tests.benchmarks.measure import run, say, storyreel
from tests.e2e.command import Home

SECTIONS, SHARE = 20, 0.20


def main() -> None:
    """Render twice in one home, and print the shares."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = Home(folder / "home")
        source, out = folder / "document.md", folder / "document.mp4"
        command = storyreel("render", str(source), "-o", str(out), "--json")
        source.write_text(document(SECTIONS))
        first = run(command, env=home.environment)
        before = home.computed()
        source.write_text(document(SECTIONS, edited=9))
        second = run(command, env=home.environment)
        if first.code or second.code:
            raise SystemExit(first.output[-1000:] + second.output[-1000:])
        anew = Counter(stage for stage, _ in (home.computed() - before).elements())
    wall, cpu = second.wall_seconds / first.wall_seconds, second.cpu_seconds / first.cpu_seconds
    print(f"      stage calls: {sum(before.values())} the first time, made anew: {dict(anew)}")
    say("one sentence edited: time / first render", f"{wall:.2f}", f"{SHARE}", ok=wall <= SHARE)
    say("one sentence edited: CPU / first render", f"{cpu:.2f}", f"{SHARE}", ok=cpu <= SHARE)


if __name__ == "__main__":
    main()
