"""The smallest H.264 there is: one picture of plain samples, and frames that repeat it.

Baseline profile, macroblocks of type I_PCM, then P slices in which every macroblock is skipped.
Clause numbers are those of ITU-T H.264.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from fakefal.scenario.media.images import Colour, yuv

FRAMES = 8
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Film:
    """Frames as an MP4 holds them, with the two parameter sets and the profile's three bytes."""

    profile: bytes
    sequence: bytes
    picture: bytes
    samples: tuple[bytes, ...]


class _Bits:
    """Bits in a row; ``ue`` and ``se`` are the Exp-Golomb codes of clause 9.1."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def u(self, count: int, value: int) -> _Bits:
        self._bits.append(format(value, f"0{count}b"))
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            code = format(value + 1, "b")
            self._bits.append("0" * (len(code) - 1) + code)
        return self

    def align(self) -> bytes:
        """What there is so far, filled up with zeros."""
        text = "".join(self._bits)
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")

    def end(self) -> bytes:
        """The whole with its trailing bits (7.3.2.11)."""
        return self.u(1, 1).align()


def film(side: int, colour: Colour) -> Film:
    """A still of one colour, ``side`` pixels square (a multiple of 16), for ``FRAMES`` frames."""
    across = side // _BLOCK
    profile = bytes([66, 0xC0, 20])
    sequence = profile + (
        _Bits()
        .ue(0, 0, 2, 1)  # id, log2_max_frame_num - 4, pic_order_cnt_type, one reference frame
        .u(1, 0)
        .ue(across - 1, across - 1)
        .u(1, 1)  # whole frames only
        .u(1, 1)
        .u(2, 0)  # neither cropping nor usability information
        .end()
    )
    # Everything off and zero, but slices say for themselves that they are not deblocked.
    picture = _Bits().ue(0, 0).u(2, 0).ue(0, 0, 0).u(3, 0).ue(0, 0, 0).u(3, 0b100).end()
    frames = [_nal(0x65, _still(across, colour))]
    frames += [_nal(0x41, _repeat(across, number)) for number in range(1, FRAMES)]
    samples = tuple(struct.pack(">I", len(frame)) + frame for frame in frames)
    return Film(profile, _nal(0x67, sequence), _nal(0x68, picture), samples)


def _still(across: int, colour: Colour) -> bytes:
    """An IDR slice: each macroblock's samples as they are (7.3.5, mb_type 25)."""
    luma, *chroma = yuv(colour)
    samples = bytes([16 + luma * 219 // 255]) * 256
    samples += b"".join(bytes([128 + (value - 128) * 224 // 255]) * 64 for value in chroma)
    head = _Bits().ue(0, 7, 0).u(4, 0).ue(0).u(2, 0).ue(0, 1)
    first = head.ue(25).align()
    other = _Bits().ue(25).align()
    return first + samples + (other + samples) * (across * across - 1) + b"\x80"


def _repeat(across: int, number: int) -> bytes:
    """A P slice that skips every macroblock (7.3.4)."""
    head = _Bits().ue(0, 5, 0).u(4, number % 16).u(3, 0).ue(0, 1)
    return head.ue(across * across).end()


def _nal(head: int, data: bytes) -> bytes:
    """A NAL unit: where its bytes look like a start code, a 3 is put between (7.4.1)."""
    found = bytearray([head])
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte <= 3:
            found.append(3)
            zeros = 0
        found.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(found)
