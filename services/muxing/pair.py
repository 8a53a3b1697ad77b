"""Turns one channel of AAC into two equal ones, bit by bit, without loss (ISO/IEC 14496-3, 4.4.2 and 4.6.8).

Both sides of our sound are the same, but an encoder that is given two channels works on each. So one is
encoded, and every access unit's single_channel_element (4.4.2.1) is rewritten as a channel_pair_element:
the old channel with its ics_info moved in front as the common window's (4.4.2.1, table of
channel_pair_element), and a second channel in which every band has the codebook ZERO_HCB and so no scale
factor and no spectrum (4.4.2.3, individual_channel_stream and section_data). ms_mask_present = 2 turns M/S
on for every band (4.6.8.1): left = M + S and right = M - S, with S = 0 both are M.

Noise and intensity codebooks take no part in M/S, and a filter over time (TNS) acts on one channel after
it: the encoder must use neither. The former are refused here; the latter lies behind Huffman codes that are
not read, so whoever writes a file compares its decoded sides.
"""

from __future__ import annotations

from services.chassis.errors import GateRefused

STEREO = b"\x11\x90"
"""The AudioSpecificConfig (1.6.2.1) of what comes out: AAC-LC, 48 kHz, two channels."""

_SINGLE, _PAIR, _END = "000", "001", "111"
_EIGHT_SHORT = 2
_MS_ALL = "10"
_LEAST = 32
_LAST_SPECTRAL_BOOK = 11
_MOST_BANDS = {False: 49, True: 14}  # at 48 kHz (4.5.4)


def stereo(unit: bytes) -> bytes:
    """The access unit of two equal channels, from that of one.

    Args:
        unit: A raw_data_block with a single_channel_element and nothing else, at 48 kHz.

    Raises:
        GateRefused: It holds something else.
    """
    bits = f"{int.from_bytes(unit, 'big'):0{8 * len(unit)}b}"
    if bits[:3] != _SINGLE:
        raise _unexpected("does not begin with a channel of its own")
    end = len(bits.rstrip("0"))
    if len(bits) - end >= 8 or bits[end - 3 : end] != _END or end < _LEAST:
        raise _unexpected("does not end where its bytes do")
    tag, gain = bits[3:7], bits[7:15]
    info, short, bands, groups = _ics_info(bits)
    channel = bits[15 + len(info) : end - 3]
    _check_sections(channel, short=short, bands=bands, groups=groups)
    silent = "0" * 8 + _zero_sections(short=short, bands=bands) * groups + "000"
    pair = "".join((_PAIR, tag, "1", info, _MS_ALL, gain, channel, silent, _END))
    size = -(-len(pair) // 8)
    return int(pair.ljust(8 * size, "0"), 2).to_bytes(size, "big")


def _ics_info(bits: str) -> tuple[str, bool, int, int]:
    """ics_info (4.4.2.3) as it stands, whether its windows are short, its bands, its groups of windows."""
    short = int(bits[16:18], 2) == _EIGHT_SHORT
    info = bits[15:30] if short else bits[15:26]
    bands = int(info[4:8] if short else info[4:10], 2)
    groups = 1 + info[8:].count("0") if short else 1
    if info[0] == "1" or (not short and info[10] == "1") or bands > _MOST_BANDS[short]:
        raise _unexpected("predicts, or has bands that 48 kHz does not have")
    return info, short, bands, groups


def _check_sections(channel: str, *, short: bool, bands: int, groups: int) -> None:
    """Read section_data: the sections must fill every group, with codebooks of spectra or of nothing."""
    width = 3 if short else 5
    escape, at = (1 << width) - 1, 0
    for _ in range(groups):
        band = 0
        while band < bands:
            book, at = int(channel[at : at + 4].ljust(4, "1"), 2), at + 4
            length = escape
            while length == escape:
                length = int(channel[at : at + width].ljust(width, "0"), 2)
                band, at = band + length, at + width
            if book > _LAST_SPECTRAL_BOOK or at > len(channel):
                raise _unexpected(f"has the codebook {book}, or breaks off")
        if band != bands:
            raise _unexpected(f"has sections over {band} bands of {bands}")


def _zero_sections(*, short: bool, bands: int) -> str:
    """section_data of one group whose bands are all ZERO_HCB; nothing when it has no bands."""
    if not bands:
        return ""
    width = 3 if short else 5
    escapes, rest = divmod(bands, (1 << width) - 1)
    return "0000" + "1" * width * escapes + f"{rest:0{width}b}"


def _unexpected(what: str) -> GateRefused:
    return GateRefused(f"A unit of the encoded sound {what}; the encoder is not the one this was made for.")
