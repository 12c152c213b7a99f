"""Values that are secrets whatever their name: known prefixes and forms of keys and tokens."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_HEX: Final = "[0-9a-fA-F]"
_ANY: Final = "[A-Za-z0-9_-]"
_ALNUM: Final = "[A-Za-z0-9]"
_START: Final = r"(?<![A-Za-z0-9])"

PREFIXES: Final[dict[str, str]] = {
    "an OpenAI or Anthropic key": rf"sk-{_ANY}{{16,}}|sess-{_ALNUM}{{32,}}",
    "a fal key": rf"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}:{_HEX}{{16,}}",
    "a JSON Web Token": rf"eyJ{_ANY}{{8,}}\.{_ANY}{{4,}}(?:\.{_ANY}*)*",
    "a Groq key": rf"gsk_{_ALNUM}{{20,}}",
    "an xAI key": rf"xai-{_ALNUM}{{20,}}",
    "a Perplexity key": rf"pplx-{_ALNUM}{{20,}}",
    "a Together key": rf"tgp_v1_{_ANY}{{20,}}",
    "a Fireworks key": rf"fw_{_ALNUM}{{20,}}",
    "a Cerebras key": rf"csk-{_ALNUM}{{20,}}",
    "an NVIDIA key": rf"nvapi-{_ANY}{{20,}}",
    "an ElevenLabs key": rf"sk_{_HEX}{{40,}}",
    "a Runway key": rf"key_{_HEX}{{60,}}",
    "a Pinecone key": rf"pcsk_{_ANY}{{20,}}",
    "a LangSmith key": rf"lsv2_(?:pt|sk)_{_ANY}{{20,}}",
    "a Tavily key": rf"tvly-{_ANY}{{16,}}",
    "a Firecrawl key": rf"fc-{_HEX}{{32}}",
    "a Jina key": rf"jina_{_ANY}{{20,}}",
    "a Databricks token": rf"dapi{_HEX}{{32}}",
    "a Stripe key": rf"[rsp]k_(?:live|test)_{_ALNUM}{{10,}}|whsec_[\w+/=-]{{16,}}",
    "an AWS key id": r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "an AWS Bedrock key": r"ABSK[A-Za-z0-9+/]{60,}={0,2}",
    "a Google key": rf"AIza{_ANY}{{30,}}|ya29\.{_ANY}{{16,}}|GOCSPX-{_ANY}{{20,}}"
    rf"|1//0{_ANY}{{20,}}",
    "an Alibaba key id": rf"LTAI{_ALNUM}{{16,}}",
    "an Azure client secret": r"[\w~.-]{3}[78]Q~[\w~.-]{31,}",
    "a GitHub token": rf"gh[pousr]_{_ALNUM}{{20,}}|github_pat_\w{{20,}}",
    "a GitLab token": rf"gl(?:pat|dt|rt|ptt|oas|soat|cbt|ft|imt|agent)-{_ANY}{{16,}}",
    "an Atlassian token": rf"AT[AC]TT3{_ANY}{{20,}}|ATBB{_ALNUM}{{24,}}",
    "a Slack token": rf"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{{10,}}|xapp-{_ANY}{{20,}}"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    "a Discord token": rf"[MNO]{_ANY}{{23,25}}\.{_ANY}{{6}}\.{_ANY}{{27,}}"
    rf"|discord(?:app)?\.com/api/webhooks/\d+/{_ANY}{{20,}}",
    "a Telegram token": rf"\d{{8,10}}:AA{_ANY}{{32,}}",
    "a Hugging Face token": rf"hf_{_ALNUM}{{16,}}|api_org_{_ALNUM}{{20,}}",
    "a Replicate token": rf"r8_{_ALNUM}{{20,}}",
    "an npm token": rf"npm_{_ALNUM}{{20,}}",
    "a PyPI token": rf"pypi-{_ANY}{{16,}}",
    "a RubyGems key": rf"rubygems_{_HEX}{{40,}}",
    "a Docker token": rf"dckr_[op]at_{_ANY}{{20,}}",
    "a SendGrid key": rf"SG\.{_ANY}{{16,}}\.{_ANY}{{16,}}",
    "a Mailgun key": rf"key-{_HEX}{{32}}",
    "a Mailchimp key": rf"{_HEX}{{32}}-us\d{{1,2}}(?!\d)",
    "a Brevo key": rf"xkeysib-{_ANY}{{32,}}",
    "a Resend key": rf"re_{_ALNUM}{{6,}}_{_ALNUM}{{16,}}",
    "a Twilio id": rf"(?:SK|AC){_HEX}{{32}}(?![A-Za-z0-9])",
    "a DigitalOcean token": rf"do[opr]_v1_{_HEX}{{32,}}",
    "a Heroku key": rf"HRKU-{_ANY}{{30,}}",
    "a Netlify token": rf"nf[pcoub]_{_ALNUM}{{30,}}",
    "a Vercel token": rf"vc[kpairs]_{_ALNUM}{{20,}}",
    "a Fly token": rf"fo1_{_ANY}{{30,}}|fm[12][ar]?_[A-Za-z0-9+/_=-]{{30,}}",
    "a Supabase key": rf"sbp_{_HEX}{{32,}}|sb_secret_{_ANY}{{20,}}",
    "a PlanetScale secret": r"pscale_(?:tkn|pw|oauth)_[\w.=-]{20,}",
    "a Neon key": rf"napi_{_ALNUM}{{20,}}",
    "a Doppler token": r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}",
    "a Vault token": rf"hv[bsr]\.{_ANY}{{20,}}",
    "a Terraform token": rf"{_ALNUM}{{14}}\.atlasv1\.{_ANY}{{40,}}",
    "a Pulumi token": rf"pul-{_HEX}{{32,}}",
    "a Linear key": rf"lin_(?:api|oauth)_{_ALNUM}{{30,}}",
    "a Notion key": rf"ntn_{_ALNUM}{{30,}}|secret_{_ALNUM}{{32,}}",
    "an Airtable token": rf"pat{_ALNUM}{{14}}\.{_HEX}{{40,}}",
    "a Figma token": rf"fig[dou][rh]?_{_ANY}{{30,}}",
    "a Postman key": rf"PMAK-{_HEX}{{20,}}-{_HEX}{{30,}}",
    "a New Relic key": rf"NR(?:AK|JS|II|RA)-{_ANY}{{20,}}",
    "a Sentry token": r"sntry[su]_[A-Za-z0-9+/_=-]{30,}",
    "a Grafana token": r"gl(?:sa|c)_[A-Za-z0-9+/_=]{30,}",
    "a Dynatrace token": rf"dt0[a-z]\d\d\.{_ALNUM}{{20,}}\.{_ALNUM}{{40,}}",
    "a Shopify token": rf"shp(?:at|ca|pa|ss|ua)_{_HEX}{{32}}",
    "a Square token": rf"sq0[a-z]{{3}}-{_ANY}{{20,}}|EAAA{_ANY}{{56,}}",
    "a Facebook token": rf"EAA[A-Z0-9]{_ALNUM}{{80,}}",
    "a Dropbox token": rf"sl\.{_ANY}{{60,}}",
    "a Mapbox token": rf"sk\.eyJ{_ANY}{{20,}}\.{_ANY}{{16,}}",
    "a CircleCI token": rf"CCIPAT_{_ALNUM}{{16,}}_{_HEX}{{30,}}",
    "a Buildkite token": rf"bk[a-z]{{2}}_{_HEX}{{30,}}",
    "a SonarQube token": rf"sq[pua]_{_HEX}{{40}}",
    "an Artifactory key": rf"AKCp{_ALNUM}{{60,}}",
    "a 1Password token": rf"ops_eyJ{_ANY}{{40,}}",
    "an age key": r"AGE-SECRET-KEY-1[A-Z0-9]{40,}",
    "a user id": r"(?:github|google-oauth2|auth0|samlp|windowslive|apple)\|[\w.-]{3,}",
}
"""Regular expressions of secrets that begin a word, by what they match.

Source: the published formats of the providers and the rules of secret scanners (gitleaks, GitHub).
"""

FORMS: Final[dict[str, str]] = {
    "a private key": r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
    r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    "an Authorization value": r"(?i:\b(?:bearer|basic|key|token))\s+"
    r"(?=[^\s\"',;]*[0-9])[A-Za-z0-9._~+/:=-]{16,}",
    "an AWS secret": r"(?i:aws.{0,20}?secret.{0,20}?[=:]\s*[\"']?)[A-Za-z0-9/+]{40}",
    "an Azure account key": r"(?i:(?:Account|SharedAccess)Key=)[A-Za-z0-9+/]{40,}={0,2}",
}
"""Regular expressions of secrets that are longer than one word, by what they match."""

_WORD: Final = re.compile(r"[\w.~+/=|:\\-]{12,}")
"""What can begin with a known prefix; ordinary prose has few such words, so it is read quickly."""

USERINFO_IN_URL: Final = re.compile(
    r"(\b[a-z][a-z0-9+.-]{0,40}://)[^/\s@\"'<>]{1,500}@", re.IGNORECASE
)
"""User and password of a URL. The first group is what precedes them."""


@cache
def _prefixes() -> re.Pattern[str]:
    """All of ``PREFIXES`` as one expression; compiled on first use, which saves start-up time."""
    return re.compile(f"{_START}(?:{'|'.join(PREFIXES.values())})")


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, FORMS.values()))


def redact_values(text: str, replacement: str) -> str:
    """A text without what ``PREFIXES`` and ``FORMS`` find, and without logins in URLs."""
    if "://" in text and "@" in text:
        text = USERINFO_IN_URL.sub(rf"\g<1>{replacement}@", text)
    for form in _forms():
        text = form.sub(replacement, text)
    prefixes = _prefixes()

    def redact_word(match: re.Match[str]) -> str:
        return prefixes.sub(replacement, match[0])

    return _WORD.sub(redact_word, text)


def kind_of(text: str) -> str:
    """What secret a text begins with, in words; empty if it begins with no known one."""
    for kind, pattern in {**PREFIXES, **FORMS}.items():
        if re.match(pattern, text):
            return kind
    return ""
