"""Names of headers, parameters, fields and variables whose values are secrets, by their words.

A name is judged by its words, not as a whole: no list of whole names knows ``openai_api_key``,
``db_password`` and ``X-OpenAI-Api-Key``.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final


class Secrecy(Enum):
    """Whether a value under a name is a secret: never, if it looks like one, or always."""

    NONE = 0
    LIKELY = 1
    CERTAIN = 2


_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_SECRET_WORDS: Final = frozenset(
    "apikey apikeys authorization bearer cookie cookies credential credentials creds csrf cvc cvv "
    "jsessionid jwt mnemonic otp passcode passphrase passwd password passwords phpsessid pwd "
    "sas secret secrets sessionid signature totp userid xsrf".split()
)
"""Words that name a secret wherever they stand."""

_GLUED: Final = re.compile(
    r".*(?:password|passwd|passphrase)s?|.+secrets?|secret(?:access)?keys?|.+token"
    r"|.*(?:api|access|secret|private|auth|signing|encryption|fal|master|session|account)keys?"
    r"(?:id|secret)?|(?:access|auth|api|refresh)tokens|(?:aws|google)access(?:key)?id|keysecret"
)
"""Words written without a separator: ``awsaccesskeyid``, ``clientsecret``."""

_KEY_OF: Final = frozenset(
    "access account admin aes ai anthropic api auth authorization aws azure client cohere consumer "
    "decryption deepgram deploy elevenlabs encryption fal gemini github google gpg groq hmac jwt "
    "huggingface master mistral openai openrouter pgp private replicate root rsa secret server "
    "service session shared signing ssh stability stripe subscription supabase together".split()
)
"""What stands before ``key`` when the key is a secret."""

_ORDINARY_KEY_OF: Final = frozenset(
    "3 arrow cache chroma color composite config deduplication dedup event feature file flag "
    "foreign group hash hot i18n idempotency index issue locale lookup map metric musical "
    "natural object partition primary project public publishable range row routing setting "
    "shard short socket song sort surrogate translation unique websocket".split()
)
"""What stands before ``key`` when it identifies a thing; 3 is that of ``s3_key``."""

_ORDINARY_TOKEN_OF: Final = frozenset(
    "bos continuation cursor end eos first image last mask max min new next pad page prev previous "
    "resume special start stop sync text trigger unk word".split()
)
"""What stands before ``token`` when it is a piece of text or a position in a list."""

_TOKENS_OF: Final = frozenset("access api auth bearer bot id push refresh secret session".split())
"""What stands before ``tokens`` when they are not counted words of a model."""

_ABOUT_IT: Final = frozenset(
    "alg algorithm at budget count created enabled endpoint expired expires expiration expiry "
    "hint label length limit limits method min max name number policy price required rotation "
    "rules scheme scope scopes size status strength ttl type uri url usage valid version".split()
)
"""What stands after the word of a secret when the value only describes the secret."""

_ASKS_FOR_IT: Final = frozenset("has is max min needs num require requires total use with".split())
"""What stands first when the value is a flag or a number."""

_OTHERS: Final = frozenset(
    [
        ("key", "pair", "id"),
        ("x", "amz", "security", "token"),
        ("session", "id"),
        ("user", "id"),
        ("code", "verifier"),
        ("auth", "code"),
        ("authorization", "code"),
        ("connection", "string"),
    ]
)
"""Words that name a secret together, at the end of a name."""

_PARAMETERS: Final = frozenset(["identity", "policy", "sig", "key", "token", "auth"])
"""Parameters of signed URLs and of logins (S3, CloudFront, Google Cloud Storage, Azure, fal).

Source for fal's own: client, documented (docs/reference/protocol.md#authentication-schemes,
docs/reference/storage.md#signed-urls).
"""

MIN_LIKELY_LENGTH: Final = 16
"""A shorter value under a likely name (``token``, ``key``) is not taken for a secret."""


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: ``clientSecret``, ``CLIENT-SECRET``, ``client_secret``
    are all ``client``, ``secret``."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=4096)
def secrecy_of(name: str) -> Secrecy:
    """Whether the name of a header, field or variable says that its value is a secret."""
    words = words_of(name[:200])
    if not words or words[0] in _ASKS_FOR_IT:
        return Secrecy.NONE
    if any(words[-len(end) :] == end for end in _OTHERS):
        return Secrecy.CERTAIN
    result = Secrecy.NONE
    for position, word in enumerate(words):
        if _ABOUT_IT & set(words[position + 1 :]):
            continue
        secrecy = _secrecy_of_word(words, position, word)
        if secrecy.value > result.value:
            result = secrecy
    return result


def _secrecy_of_word(words: tuple[str, ...], position: int, word: str) -> Secrecy:
    before = words[position - 1] if position else ""
    if word in ("key", "keys"):
        if before in _KEY_OF:
            return Secrecy.CERTAIN
        is_ordinary = before in _ORDINARY_KEY_OF or position < len(words) - 1
        return Secrecy.NONE if is_ordinary else Secrecy.LIKELY
    if word == "token":
        if before in _ORDINARY_TOKEN_OF or set(words) & _ORDINARY_TOKEN_OF:
            return Secrecy.NONE
        is_named = position > 0 and position == len(words) - 1
        return Secrecy.CERTAIN if is_named else Secrecy.LIKELY
    if word == "tokens":
        return Secrecy.CERTAIN if before in _TOKENS_OF else Secrecy.NONE
    if word in ("auth", "sig", "sid"):
        if position < len(words) - 1:
            return Secrecy.NONE
        return Secrecy.CERTAIN if word == "auth" and position else Secrecy.LIKELY
    is_secret = word in _SECRET_WORDS or _GLUED.fullmatch(word) is not None
    return Secrecy.CERTAIN if is_secret else Secrecy.NONE


def is_secret_parameter(name: str) -> bool:
    """Whether the value of a query parameter is a secret.

    URLs are made by machines: a bare ``key`` or ``sig`` there is one.
    """
    return name.lower() in _PARAMETERS or secrecy_of(name) is Secrecy.CERTAIN


def is_secret(name: str, value: str) -> bool:
    """Whether a header's, field's or variable's name, with its value, is that of a secret."""
    secrecy = secrecy_of(name)
    if secrecy is Secrecy.LIKELY:
        return len(value) >= MIN_LIKELY_LENGTH and " " not in value and not value.startswith("http")
    return secrecy is Secrecy.CERTAIN
