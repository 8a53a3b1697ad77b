"""espeak-ng through ctypes: speech and word events; the library's state is global and survives a call."""

from __future__ import annotations

import ctypes as c
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import espeakng_loader

from services.chassis.errors import VoiceUnavailable
from services.media.clock import SAMPLE_RATE
from services.tts.audio import LONGEST

_SYNCHRONOUS = 2  # espeak_Synth returns when all is spoken, without a thread of the library's own
_DONT_EXIT = 0x8000
_UTF8 = 1
_BY_CHARACTER = 1
_RATE, _PITCH = 1, 3
_WORD, _END = 1, 5

_DICTIONARIES = {"nb": "no", "hyw": "hy", "ltg": "lv"}

PITCH = 45
"""Slightly below the library's 50: less shrill over a whole video."""


class _Name(c.Union):
    _fields_ = (("number", c.c_int), ("name", c.c_char_p), ("string", c.c_char * 8))


class _Event(c.Structure):
    _fields_ = (
        ("type", c.c_int),
        ("unique_identifier", c.c_uint),
        ("text_position", c.c_int),
        ("length", c.c_int),
        ("audio_position", c.c_int),
        ("sample", c.c_int),
        ("user_data", c.c_void_p),
        ("id", _Name),
    )


class _Voice(c.Structure):
    _fields_ = (
        ("name", c.c_char_p),
        ("languages", c.c_void_p),
        ("identifier", c.c_char_p),
        ("gender", c.c_ubyte),
        ("age", c.c_ubyte),
        ("variant", c.c_ubyte),
        ("reserved", c.c_ubyte),
        ("score", c.c_int),
        ("spare", c.c_void_p),
    )


_Callback = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))


Report = tuple[int, int, int]
"""A word event: the character it is about (from 0), its first sample and the one after its last."""


class Library:
    """The loaded library. One text at a time; for equal bytes each text needs a fresh copy of the process."""

    def __init__(self) -> None:
        self._library = c.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
        if self.rate <= 0:
            raise VoiceUnavailable("espeak-ng could not read its data; install espeakng-loader again.")
        self._library.espeak_ListVoices.restype = c.POINTER(c.POINTER(_Voice))
        self._data = Path(data)

    def languages(self) -> list[str]:
        """The language tags that name a voice, in small letters, sorted."""
        listed = self._library.espeak_ListVoices(None)
        found: set[str] = set()
        index = 0
        while listed[index]:
            found.update(_tags(listed[index].contents.languages))
            index += 1
        # Some voices are listed whose dictionary the package does not bring; they speak nothing.
        return sorted(
            tag for tag in found if (self._data / f"{_dictionary(tag)}_dict").is_file() and self._take(tag)
        )

    def variants(self) -> list[str]:
        """The names that may follow a language after a plus sign, sorted."""
        return sorted(path.name for path in (self._data / "voices" / "!v").iterdir())

    def speak(
        self, text: str, *, voice: str, words_per_minute: int, to: BinaryIO
    ) -> tuple[int, list[Report]]:
        """Write 16-bit mono samples; return their number and the word events in the order of time.

        Stops when more than an hour is written. A voice must be one of `languages`, with or without a
        variant.
        """
        if not self._take(voice):
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        events: list[tuple[int, int, int]] = []
        count = 0

        def collect(samples: Any, written: int, reported: Any) -> int:
            nonlocal count
            if samples and written > 0:
                to.write(c.string_at(samples, written * 2))
                count += written
            index = 0
            while reported[index].type:
                event = reported[index]
                events.append((event.type, event.text_position - 1, event.sample))
                index += 1
            return int(count * SAMPLE_RATE > LONGEST * self.rate)  # anything but 0 stops the library

        callback = _Callback(collect)
        self._library.espeak_SetSynthCallback(callback)
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH, PITCH, 0)
        raw = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text).encode() + b"\0"
        if self._library.espeak_Synth(raw, len(raw), 0, _BY_CHARACTER, 0, _UTF8, None, None):
            raise VoiceUnavailable("espeak-ng refused the text.")
        return count, list(_reports(events, count))

    def _take(self, voice: str) -> bool:
        return int(self._library.espeak_SetVoiceByName(voice.encode())) == 0


def _dictionary(tag: str) -> str:
    """The dictionary that a voice reads."""
    language = tag.partition("-")[0]
    return _DICTIONARIES.get(language, language)


def _tags(address: int) -> Iterator[str]:
    """The tags of a voice: each is a byte of priority and a string; an empty string ends the list."""
    while entry := c.string_at(address):
        yield entry[1:].decode(errors="replace").casefold()
        address += len(entry) + 1


def _reports(events: Sequence[tuple[int, int, int]], count: int) -> Iterator[Report]:
    """Each word lasts until the next one, or until the end of its clause, whatever is first."""
    spoken = [(sample, char) for kind, char, sample in events if kind == _WORD]
    stops = sorted({sample for kind, _, sample in events if kind == _END and sample} | {count})
    for (start, char), (following, _) in pairwise([*spoken, (count, 0)]):
        stop = stops[min(bisect_right(stops, start), len(stops) - 1)]
        yield char, start, min(following, stop)
