"""Secrets of sixty and more kinds, each as it stands in ordinary traffic. All are made up."""

from __future__ import annotations

_HEX = "0123456789abcdef0123456789abcdef"
_MIXED = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY"

FIELDS: dict[str, str] = {
    "openai_api_key": "plain-openai-value",
    "anthropicApiKey": "plain-anthropic-value",
    "db_password": "correcthorse",
    "DATABASE_PASSWD": "battery-staple",
    "webhook_secret": "hook-hush-1",
    "hf_token": "plain-hf-value",
    "client-secret": "Tr0ub4dor&3",
    "refreshToken": "1//0abc",
    "aws_secret_access_key": "plain-aws-secret",
    "awsSessionToken": "plain-aws-session",
    "stripe_key": "plain-stripe",
    "user_password_hash": "plain-hash-1",
    "ssh_private_key": "plain-private",
    "signing_key": "plain-signing",
    "encryptionKey": "plain-encryption",
    "basic_auth": "user:pass-1",
    "session_cookie": "plain-cookie",
    "jwt": "plain.jwt.x",
    "otp": "482913-a",
    "X-Hub-Signature": "sha1=plainsig",
    "SLACK_BOT_TOKEN": "plain-slack",
    "connection_string": "Server=x;Uid=plain-conn",
    "access_key_id": "plain-key-id",
    "fal_key": "plain-fal",
}
"""Fields whose names say that they are secret, with values of no known form."""

VALUES: dict[str, str] = {
    "fal": f"8a7b6c5d-1234-4321-9876-abcdefabcdef:{_HEX}",
    "web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "openai": f"sk-proj-{_MIXED}",
    "openrouter": f"sk-or-v1-{_HEX}",
    "groq": f"gsk_{_MIXED}",
    "xai": f"xai-{_MIXED}",
    "perplexity": f"pplx-{_MIXED}",
    "together": f"tgp_v1_{_MIXED}",
    "fireworks": f"fw_{_MIXED[:24]}",
    "nvidia": f"nvapi-{_MIXED}",
    "elevenlabs": f"sk_{_HEX}{_HEX[:16]}",
    "pinecone": f"pcsk_{_MIXED}",
    "langsmith": f"lsv2_pt_{_HEX}_0123456789",
    "tavily": f"tvly-{_MIXED}",
    "databricks": f"dapi{_HEX}",
    "stripe": "sk_" + f"live_{_MIXED[:24]}",
    "stripe webhook": f"whsec_{_MIXED}",
    "aws id": "AKIAIOSFODNN7EXAMPLE",
    "google": "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "google client": f"GOCSPX-{_MIXED[:28]}",
    "azure client": f"abc8Q~{_MIXED}ab",
    "github": f"ghp_{_MIXED}abcd",
    "github fine": f"github_pat_11{_MIXED}",
    "gitlab": f"glpat-{_MIXED[:20]}",
    "atlassian": f"ATATT3{_MIXED}",
    "slack": "xox" + "b-123456789012-abcdefABCDEF",
    "slack hook": "hooks.slack.com" + "/services/T00000000/B00000000/" + _MIXED[:24],
    "discord hook": f"discord.com/api/webhooks/123456789012345678/{_MIXED}{_MIXED}",
    "telegram": f"123456789:AA{_MIXED}a",
    "hugging face": f"hf_{_MIXED}",
    "replicate": f"r8_{_MIXED}",
    "npm": f"npm_{_MIXED}abcd",
    "pypi": f"pypi-AgEIcHlwaS5vcmc{_MIXED}",
    "docker": f"dckr_pat_{_MIXED[:27]}",
    "sendgrid": f"SG.{_MIXED[:22]}.{_MIXED}",
    "mailgun": f"key-{_HEX}",
    "twilio": f"SK{_HEX}",
    "digitalocean": f"dop_v1_{_HEX}{_HEX}",
    "netlify": f"nfp_{_MIXED}abcd",
    "supabase": f"sbp_{_HEX}01234567",
    "doppler": f"dp.pt.{_MIXED}abcdefgh",
    "vault": f"hvs.{_MIXED}",
    "linear": f"lin_api_{_MIXED}abcd",
    "notion": f"ntn_{_MIXED}abcd",
    "figma": f"figd_{_MIXED}abcd",
    "sentry": f"sntrys_{_MIXED}abcd",
    "grafana": f"glsa_{_MIXED}_01234567",
    "shopify": f"shpat_{_HEX}",
    "user id": "auth0|12345678",
}
"""Values of known forms, wherever they stand."""

TEXTS: dict[str, tuple[str, str]] = {
    "bearer": ("Authorization: Bearer 3q2-7wAAAAAAAAAA1234567890zz", "3q2-7wAAAAAAAAAA"),
    "bare sig": ("sig=abcd%2B1234%2Fefgh%3D", "abcd%2B1234"),
    "api-key parameter": ("https://x.test/a?api-key=plain-param&b=1", "plain-param"),
    "signed url": ("https://x.test/a?X-Amz-Signature=9f8e7d6c5b&w=1", "9f8e7d6c5b"),
    "azure sas": ("https://x.blob.core.windows.net/a?sv=2026&sig=qwer%3D", "qwer%3D"),
    "url login": ("postgres://admin:hunter2hunter2@db.example/main", "hunter2hunter2"),
    "env line": ("export OPENAI_API_KEY=plain-env-value", "plain-env-value"),
    "json in text": ('{"db_password": "plain-json-value"}', "plain-json-value"),
    "escaped json": ('{\\"hf_token\\": \\"plain-escaped\\"}', "plain-escaped"),
    "yaml": ("webhook_secret: plain-yaml-value", "plain-yaml-value"),
    "header": ("curl -H 'X-Api-Key: plain-header-value'", "plain-header-value"),
    "password in prose": ("the password: hunter2", "hunter2"),
    "private key": (
        "-----BEGIN EC PRIVATE KEY-----\nMIIEow\n-----END EC PRIVATE KEY-----",
        "MIIEow",
    ),
    "pgp key": (
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdGBF\n-----END PGP PRIVATE KEY BLOCK-----",
        "lQdGBF",
    ),
    "azure account": (f"AccountKey={_MIXED}{_MIXED}==", _MIXED),
    "aws secret": ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX", "wJalrXUtnFEMI"),
    "fal query": ("wss://fal.run/x/realtime?fal_jwt_token=abc.def.ghi123", "abc.def.ghi123"),
}
"""Texts, and the part of each that is secret."""

SECRETS: tuple[str, ...] = (
    *FIELDS.values(),
    *VALUES.values(),
    *(secret for _, secret in TEXTS.values()),
)
"""What must be in no file, log, journal or report."""


def planted_input() -> dict[str, object]:
    """An input of a call that holds all of ``SECRETS``."""
    return {
        **FIELDS,
        "values": [f"before {value} after" for value in VALUES.values()],
        "texts": {name: text for name, (text, _) in TEXTS.items()},
        "prompt": "\n".join([*VALUES.values(), *(text for text, _ in TEXTS.values())]),
        "headers": [{"name": name, "value": value} for name, value in FIELDS.items()],
    }
