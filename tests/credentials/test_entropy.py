from __future__ import annotations

from fakefal.credentials.entropy import bits_per_character, suspicious_words


def test_random_words_are_suspicious() -> None:
    words = [
        "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Zm9vYmFyMTIzNDU2Nzg5MHF3ZXJ0eXVpb3A=",
    ]
    assert list(suspicious_words(f"see {' and '.join(words)}")) == words


def test_ordinary_words_are_not() -> None:
    texts = (
        "a_long_name_of_a_function_with_words_2",
        "supercalifragilisticexpialidocious",
        "019b7b71-eeae-769d-ace9-2638d996a604",
        "https://v3b.fal.media/files/b/aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY.png",
        "data:image/png;base64,aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY",
        "1111111111111111111111111111111111111a",
        "2026-09-27T12:00:00.000000Z",
        "short",
    )
    assert [text for text in texts if list(suspicious_words(text))] == []


def test_entropy_is_measured_in_bits() -> None:
    assert bits_per_character("aaaa") == 0
    assert bits_per_character("abcd") == 2
