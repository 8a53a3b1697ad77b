"""The way to a video server: whose certificates are trusted, why it is not reached, when to come back."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2

from services.chassis.errors import DeviceFault, StoryreelError
from services.generation.video_api.settings import wrong

_DEEPEST = 10
"""How far an error's causes are followed."""


def trusted(authority: Path | None) -> ssl.SSLContext | bool:
    """What the server's certificate is checked against: an authority of one's own, or those everybody knows.

    Raises:
        Configuration: The authority's file cannot be used.
    """
    if authority is None:
        return True
    try:
        return ssl.create_default_context(cafile=authority.expanduser())
    except OSError as error:  # ssl.SSLError too
        why = "It holds no certificate in PEM." if isinstance(error, ssl.SSLError) else f"{error.strerror}."
        raise wrong("CA", why) from error


def misled(error: httpx2.HTTPError) -> StoryreelError | None:
    """The wrong setting that a failed connection shows; None where another attempt may be answered."""
    cause = _tls(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return wrong(
            "URL",
            f"The server's certificate is not trusted: {cause.verify_message}. One that its owner signed is "
            "trusted when STORYREEL_GENERATION_VIDEOS_CA names its file (PEM).",
        )
    if cause is not None:
        return wrong("URL", "What listens there does not speak https; if it is to be so, begin with http://.")
    return None


def lost(error: httpx2.HTTPError) -> DeviceFault:
    """The error of a connection that failed for good, in a few words, without text from outside."""
    match error:
        case httpx2.ConnectError() | httpx2.ConnectTimeout():
            why = "cannot be reached"
        case httpx2.TimeoutException():
            why = "did not answer in time"
        case _:
            why = "broke the connection off"
    return DeviceFault(f"The video server {why}.")


def retry_after(header: str, *, now: datetime) -> timedelta | None:
    """What a Retry-After asks for, 0 to a day; None when it is missing or makes no sense.

    Args:
        header: Seconds, or a date of HTTP.
        now: The present.
    """
    header = header.strip()[:40]
    if header.isascii() and header.isdecimal():
        return min(timedelta(days=1), timedelta(seconds=int(header[:9])))
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(timedelta(days=1), max(timedelta(0), date - now))


def _tls(error: BaseException) -> ssl.SSLError | None:
    """The failed handshake behind an error; a connection that broke off later is none."""
    if not isinstance(error, httpx2.ConnectError):
        return None
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            break
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
