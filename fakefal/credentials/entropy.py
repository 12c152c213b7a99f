"""Random-looking words, which may be secrets of an unknown form: reported, not removed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

MIN_LENGTH: Final = 24
MAX_LENGTH: Final = 200
"""Longer words are files or encoded data, not keys."""

MIN_BITS: Final = 3.7
"""Bits of entropy a character, measured in the word itself.

English words joined by ``_`` have about 3.3 at this length, random letters and digits at least 4.
"""

_HEX_BITS: Final = 3.3
"""For words of hexadecimal digits only, which cannot have more than 4."""

_WORD: Final = re.compile(
    rf"(?<![\w+/=.-])[A-Za-z0-9_+-]{{{MIN_LENGTH},{MAX_LENGTH}}}={{0,2}}(?![\w+/=])"
)
_URL_PATH: Final = re.compile(r"\bhttps?://[^\s?#\"'<>]*")
_DATA: Final = re.compile(r"data:[^\s\"'<>]{0,200},[^\s\"'<>]*")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")


def bits_per_character(text: str) -> float:
    """Shannon's entropy of the characters of a text."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def suspicious_words(text: str) -> Iterator[str]:
    """The words of a text that look like keys: long, random, with letters and digits.

    Paths of URLs, data URIs and UUIDs are left out: stored files and requests have such names.
    """
    if len(text) < MIN_LENGTH:
        return
    for word in _WORD.findall(_DATA.sub(" ", _URL_PATH.sub(" ", text))):
        bare = word.rstrip("=")
        has_letters = any(it.isalpha() for it in bare)
        if not has_letters or not any(it.isdigit() for it in bare) or _UUID.fullmatch(bare):
            continue
        if _HEX.fullmatch(bare):
            is_random = len(bare) >= 32 and bits_per_character(bare) >= _HEX_BITS
        else:
            is_mixed = bare != bare.lower() or "_" not in bare
            is_random = is_mixed and bits_per_character(bare) >= MIN_BITS
        if is_random:
            yield word
