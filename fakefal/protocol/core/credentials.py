"""Headers, parameters, fields and patterns of secrets, which journals and recordings leave out."""

from __future__ import annotations

import re
from functools import cache

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "x-fal-cdn-token",
        "x-fal-key",
        "x-fal-webhook-signature",
        "x-fal-webhook-user-id",
        "x-amz-security-token",
        "x-auth-token",
        "x-csrf-token",
        "x-goog-api-key",
    }
)
"""Headers whose values are secrets, in lower case."""

SECRET_PARAMETERS = frozenset(
    {
        "fal_jwt_token",
        "fal_key",
        "identity",
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "awsaccesskeyid",
        "client_secret",
        "googleaccessid",
        "id_token",
        "key",
        "key-pair-id",
        "password",
        "policy",
        "refresh_token",
        "secret",
        "sig",
        "signature",
        "token",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-goog-credential",
        "x-goog-signature",
    }
)
"""Query parameters whose values are secrets, in lower case: keys, tokens and signatures.

S3, CloudFront, Google Cloud Storage and Azure sign URLs that callers pass as inputs. Source for
fal's own: client, documented (docs/reference/protocol.md#authentication-schemes,
docs/reference/storage.md#signed-urls).
"""

SECRET_FIELDS = frozenset(
    {
        "accesstoken",
        "apikey",
        "authorization",
        "authtoken",
        "clientsecret",
        "cookie",
        "credentials",
        "falkey",
        "falkeysecret",
        "idtoken",
        "keysecret",
        "passphrase",
        "passwd",
        "password",
        "privatekey",
        "refreshtoken",
        "secret",
        "secretaccesskey",
        "secretkey",
        "sessionid",
        "sessiontoken",
        "setcookie",
        "signature",
        "userid",
        "xapikey",
    }
)
"""JSON fields whose values are secrets, in lower case and without ``-`` and ``_``."""

_HEX = "[0-9a-fA-F]"
_START = r"(?<![A-Za-z0-9])"

SECRET_PATTERNS: dict[str, str] = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?"
    r"(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    "a fal key": rf"{_START}{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}:{_HEX}{{16,}}",
    "an Authorization value": r"(?i)\b(?:bearer|basic|key|token)\s+"
    r"(?=[^\s\"',;]*[0-9])[A-Za-z0-9._~+/:=-]{16,}",
    "a JSON Web Token": rf"{_START}eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{4,}}"
    r"(?:\.[A-Za-z0-9_-]*)?",
    "an OpenAI or Anthropic key": rf"{_START}sk-[A-Za-z0-9_-]{{16,}}",
    "a Stripe key": rf"{_START}[rsp]k_(?:live|test)_[A-Za-z0-9]{{10,}}|{_START}whsec_\w{{16,}}",
    "an AWS key id": rf"{_START}(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{{16}}(?![A-Za-z0-9])",
    "an AWS secret": r"(?i)aws.{0,20}?secret.{0,20}?[=:]\s*[\"']?[A-Za-z0-9/+]{40}",
    "a Google key": rf"{_START}AIza[A-Za-z0-9_-]{{30,}}|{_START}ya29\.[A-Za-z0-9_-]{{16,}}",
    "a GitHub token": rf"{_START}(?:gh[pousr]_[A-Za-z0-9]{{20,}}|github_pat_\w{{20,}})",
    "a GitLab token": rf"{_START}gl(?:pat|dt|rt)-[A-Za-z0-9_-]{{16,}}",
    "a Slack token": rf"{_START}xox[abeprs]-[A-Za-z0-9-]{{10,}}"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    "a Hugging Face token": rf"{_START}hf_[A-Za-z0-9]{{16,}}",
    "a Replicate token": rf"{_START}r8_[A-Za-z0-9]{{20,}}",
    "an npm token": rf"{_START}npm_[A-Za-z0-9]{{20,}}",
    "a PyPI token": rf"{_START}pypi-[A-Za-z0-9_-]{{16,}}",
    "a SendGrid key": rf"{_START}SG\.[A-Za-z0-9_-]{{16,}}\.[A-Za-z0-9_-]{{16,}}",
    "a Twilio id": rf"{_START}(?:SK|AC){_HEX}{{32}}(?![A-Za-z0-9])",
    "a DigitalOcean token": rf"{_START}do[opr]_v1_{_HEX}{{32,}}",
    "an Azure account key": r"(?i)AccountKey=[A-Za-z0-9+/]{40,}={0,2}",
    "a user id": rf"{_START}(?:github|google-oauth2|auth0|samlp|windowslive|apple)\|"
    r"[\w.-]{3,}",
}
"""Regular expressions of secrets in any text, by what they match.

``secret_patterns`` compiles them on first use, which saves start-up time.
"""

SECRET_IN_URL = re.compile(
    rf"([?&;](?:{'|'.join(map(re.escape, sorted(SECRET_PARAMETERS)))})=)[^&;#\s\"'<>]+",
    re.IGNORECASE,
)
"""A secret parameter of a URL. The first group is what precedes the value."""

USERINFO_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+@", re.IGNORECASE)
"""User and password of a URL. The first group is what precedes them."""


def normalized_field_name(name: str) -> str:
    """The spelling of ``SECRET_FIELDS``: ``client-Secret`` becomes ``clientsecret``."""
    return name.lower().replace("-", "").replace("_", "")


@cache
def secret_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """``SECRET_PATTERNS``, compiled."""
    return tuple((name, re.compile(pattern)) for name, pattern in SECRET_PATTERNS.items())
