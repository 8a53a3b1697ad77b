"""The hub where models are published; the only file that knows huggingface_hub."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.chassis.errors import (
    Configuration,
    ModelUnavailable,
    StoreFull,
    StoryreelError,
    Suggestion,
    Unreachable,
)

HUB_NAME = "huggingface_hub"
INSTALL = "pip install 'storyreel[models]'"


@dataclass(frozen=True, slots=True)
class Published:
    """A file as the hub lists it.

    Args:
        size: Bytes.
        sha256: Digest of a large file; empty for others.
        git: Git's digest (SHA-1 with a head) of a file that is not large; empty for large ones.
    """

    size: int
    sha256: str = ""
    git: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a repository holds at a commit."""

    commit: str
    files: dict[str, Published]


class Hub(Protocol):
    """Where models are published."""

    def listing(self, repository: str, revision: str) -> Listing:
        """What a repository holds at a revision: a commit, a branch or a tag."""

    def download(self, repository: str, commit: str, names: Sequence[str], folder: Path) -> None:
        """Bring files into a folder; goes on where it was interrupted."""


class HuggingFace:
    """The Hugging Face hub, or what `HF_ENDPOINT` names; `HF_TOKEN` opens what needs a token.

    Raises:
        Configuration: huggingface_hub is not installed.
    """

    def __init__(self) -> None:
        try:
            import huggingface_hub
            from huggingface_hub.utils.tqdm import disable_progress_bars
        except ImportError:
            raise Configuration(
                f"{HUB_NAME} is not installed, so nothing can be downloaded.",
                suggestions=[Suggestion(f"{INSTALL}"), Suggestion(GIVEN)],
            ) from None
        # It would write over our own progress.
        logging.getLogger(HUB_NAME).setLevel(logging.ERROR)
        disable_progress_bars()
        self._api = huggingface_hub.HfApi(
            endpoint=os.environ.get("HF_ENDPOINT") or None,
            token=os.environ.get("HF_TOKEN") or None,
            library_name="storyreel",
        )

    def listing(self, repository: str, revision: str) -> Listing:
        """What a repository holds at a revision.

        Raises:
            Unreachable: The hub does not answer.
            ModelUnavailable: It has no such repository, or does not show it without a token.
            Configuration: It has no such revision.
        """
        from huggingface_hub import RepoFile

        with _told(repository, revision):
            commit = self._api.model_info(repository, revision=revision).sha or ""
            tree = self._api.list_repo_tree(repository, revision=commit, recursive=True)
            files = [entry for entry in tree if isinstance(entry, RepoFile)]
        return Listing(
            commit,
            {
                file.path: Published(file.lfs.size, sha256=file.lfs.sha256)
                if file.lfs
                else Published(file.size, git=file.blob_id)
                for file in files
            },
        )

    def download(self, repository: str, commit: str, names: Sequence[str], folder: Path) -> None:
        """Bring files into a folder.

        Raises:
            Unreachable: The hub no longer answers, or broke off; what has come is kept.
            StoreFull: The disk is full.
        """
        with _told(repository, commit):
            self._api.snapshot_download(
                repository, revision=commit, local_dir=folder, allow_patterns=list(names)
            )


GIVEN = (
    "Fetch the model where there is a network, bring the folder here, and take it with "
    "`storyreel models fetch MODEL --from FOLDER`."
)


@contextmanager
def _told(repository: str, revision: str) -> Iterator[None]:
    """Tell the errors of huggingface_hub and its HTTP client as ours, without their texts.

    The texts have addresses, and in some versions what was sent.
    """
    try:
        yield
    except Exception as error:
        told = _translated(error, repository, revision)
        if told is None:
            raise
        raise told from None


def _translated(error: Exception, repository: str, revision: str) -> StoryreelError | None:
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # what kept it from the hub
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(error, errors.GatedRepoError | errors.RepositoryNotFoundError) or status in (401, 403):
        return ModelUnavailable(
            f"The hub does not show {repository} to you (HTTP {status}).",
            suggestions=[Suggestion("Set HF_TOKEN to a token of an account that may read it.")],
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return Configuration(
            f"{repository} has no revision {revision[:60]!r}.",
            suggestions=[Suggestion("Name a commit, a branch or a tag of it with --revision.")],
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull("The disk is full.", suggestions=[Suggestion(ROOM)])
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Configuration(f"{error.filename or 'A file'} cannot be written to: {error.strerror}.")
    if (
        isinstance(error, errors.HfHubHTTPError)
        and isinstance(status, int)
        and status < 500
        and status != 429
    ):
        return ModelUnavailable(f"The hub refuses {repository} at {revision[:60]} (HTTP {status}).")
    if _of_the_network(error):
        said = f"HTTP {status}" if status else type(error).__name__
        return Unreachable(
            f"The hub could not be reached, or broke off ({said}).",
            suggestions=[Suggestion("The same command goes on with what has arrived."), Suggestion(GIVEN)],
        )
    return None


ROOM = "Make room, then repeat the command: it goes on with what has arrived."


def _of_the_network(error: Exception) -> bool:
    """Errors of files that could not be had, of connections, and of the HTTP client, whatever its version."""
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, OSError) or bool(packages & {HUB_NAME, "httpx", "httpx2", "hf_xet"})
