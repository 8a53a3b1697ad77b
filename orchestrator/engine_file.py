"""The local engine's SQLite file: whether it is damaged, and out of the way when it is."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

CHECK_SECONDS = 0.3
"""How long a start may look; a file too large for that is looked at when the engine failed."""

DAMAGED = ("SQL logic error", "is not a database", "malformed", "corrupt")
"""What an engine says that has ended because of its file; one that was half written lacks tables."""

_STEPS = 10_000
"""Instructions of SQLite between two looks at the clock."""


class EngineFile:
    """The file of one folder, with the two that SQLite keeps beside it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine.db"

    def damaged(self, seconds: float = CHECK_SECONDS) -> bool:
        """Tell whether SQLite finds damage in the file within `seconds`; nobody may have it open."""
        if not self.path.exists():
            return False
        end = time.monotonic() + seconds
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as file:
                file.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
                return file.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]
        except sqlite3.OperationalError:
            return False  # out of time, or no right to read: then the engine says so
        except sqlite3.DatabaseError:
            return True

    def blamed(self, log: str) -> bool:
        """Tell whether an engine that has ended blames the file in its log."""
        return self.path.exists() and any(words in log for words in DAMAGED)

    def set_aside(self) -> Path:
        """Give the file another name, under which it stays; that name."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
        for end in ("-wal", "-shm"):
            beside = self.path.with_name(self.path.name + end)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + end))
        return self.path.replace(aside)

    def replaced(self) -> bool:
        """Tell whether a file was set aside here once: the engine does not know the jobs in it."""
        return any(self.path.parent.glob(f"{self.path.name}.damaged-*"))
