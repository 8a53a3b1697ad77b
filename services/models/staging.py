"""Where a model's files arrive: a folder beside the model's, put in its place when it is whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.chassis.errors import Configuration, ModelUnavailable, Overloaded, StoreFull, Suggestion
from services.models import digests, layout, manifest, verify
from services.models.catalogue import Known

SPARE = 64 << 20
"""Bytes that must be left free on the disk."""

HUB_NOTES = ".cache"
"""The folder in which huggingface_hub keeps what it needs to go on."""


class Arrival:
    """One model on its way into the folder of the models.

    What has arrived stays when the process ends, and the next one goes on with it.

    Args:
        models: The folder of the models.
        model: The one that arrives.
        way: `hub` or `given`: what came one way is not taken for what comes the other.
    """

    def __init__(self, models: Path, model: Known, *, way: str) -> None:
        self.model = model
        self.target = models / model.name
        self.folder = models / f".{model.name}.{way}"
        self._beside = [models / f".{model.name}.{other}" for other in ("hub", "given")]
        self._replaced = models / f".{model.name}.replaced"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from the same model.

        Raises:
            Overloaded: Another process has it.
        """
        models = self.target.parent
        models.mkdir(parents=True, exist_ok=True)
        with (models / f".{self.model.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Overloaded(
                    f"Another process is fetching {self.model.name} into {models}.",
                    suggestions=[Suggestion("Wait until it has ended.")],
                ) from None
            if self._replaced.exists() and not self.target.exists():
                self._replaced.rename(self.target)  # a process ended between the two renames
            yield

    def check_target(self) -> None:
        """See that nothing is lost when the model's folder is replaced.

        Raises:
            Configuration: It has files that storyreel did not put there.
        """
        if not self.target.exists():
            return
        if not self.target.is_dir():
            raise Configuration(f"{self.target} is a file, and the model's folder has this name.")
        try:
            ours = {file.path for file in manifest.read(self.target).files} | verify.OURS
        except ModelUnavailable:
            # A manifest that is damaged was ours once, and so were the files that a model has.
            once = (self.target / manifest.NAME).is_file()
            ours = {name for name in layout.everything(self.target) if once and layout.allowed(name)}
            ours |= verify.OURS if once else set()
        strangers = sorted(set(layout.everything(self.target)) - ours)
        if strangers:
            raise Configuration(
                f"{self.target} has files that storyreel did not put there, such as {strangers[0][:120]!r}.",
                suggestions=[
                    Suggestion(
                        f"`storyreel models fetch {self.model.name} --from {self.target}` takes the folder "
                        "as it is."
                    ),
                    Suggestion("Move the folder or these files away."),
                ],
            )

    def begin(self, sizes: Mapping[str, int]) -> None:
        """Make the folder; of what an earlier try left in it keep what can be used.

        Args:
            sizes: Bytes of each file that is to arrive.
        """
        self.folder.mkdir(exist_ok=True)
        for name in list(layout.everything(self.folder)):
            path = self.folder / name
            usable = not path.is_symlink() and path.stat().st_size == sizes.get(name)
            if not usable and name != digests.NAME and not name.startswith(f"{HUB_NOTES}/"):
                path.unlink()

    def reuse(self, wanted: Mapping[str, tuple[int, str]]) -> None:
        """Take from the model's folder, as links, what is wanted and listed there, or all of the same size.

        Args:
            wanted: By name the bytes and the sha256; what is there is compared with it before it is used.
        """
        try:
            listed = {file.path: file.sha256 for file in manifest.read(self.target).files}
        except ModelUnavailable:
            listed = {name: digest for name, (_, digest) in wanted.items()}
        for name, (size, digest) in wanted.items():
            there, here = self.target / name, self.folder / name
            same = listed.get(name) == digest and there.is_file() and there.stat().st_size == size
            if same and not here.exists():
                here.parent.mkdir(exist_ok=True)
                with contextlib.suppress(OSError):  # then it comes again
                    os.link(there.resolve(), here)

    def arrived(self) -> int:
        """Bytes that are there, those of unfinished files too."""
        total = 0
        for name in list(layout.everything(self.folder)):
            with contextlib.suppress(FileNotFoundError):  # it was renamed
                total += (self.folder / name).stat().st_size
        return total

    def check_space(self, needed: int) -> None:
        """See that the disk has room.

        Raises:
            StoreFull: It has not; the message has the numbers.
        """
        free = shutil.disk_usage(self.folder).free
        if needed + SPARE > free:
            raise StoreFull(
                f"{self.model.name} needs {needed / 1e9:.1f} GB more; "
                f"{free / 1e9:.1f} GB are free for {self.target.parent}.",
                suggestions=[Suggestion("Make room, or name a folder on a larger disk with --models.")],
            )

    def put(self, listed: manifest.Manifest) -> None:
        """Write the manifest and put the folder in the model's place."""
        shutil.rmtree(self.folder / HUB_NOTES, ignore_errors=True)
        manifest.write(self.folder, listed)
        self.folder.chmod(0o755)
        shutil.rmtree(self._replaced, ignore_errors=True)
        if self.target.exists():
            self.target.rename(self._replaced)
        self.folder.rename(self.target)
        for folder in (self._replaced, *self._beside):
            shutil.rmtree(folder, ignore_errors=True)
