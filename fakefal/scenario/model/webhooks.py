"""``webhook`` of a reply and ``jwks`` of a scenario: a word, or spelled out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from fakefal.scenario.model.fields import Duration, OrWord, StrictModel

_CONFLICTS = {
    "drop": ("after", "duplicates", "signature", "payload_error", "gateway_request_id", "order"),
    "before_submit": ("after", "order", "behind"),
}
"""What a key makes meaningless."""

_REQUIRED_FIELDS = {"every": "duplicates", "forgeries": "signature"}


def _with_dashes(value: Any) -> Any:
    return value.replace("_", "-") if isinstance(value, str) else value


def _check_payload_error(value: Any) -> Any:
    if not isinstance(value, (bool, str)):
        raise PydanticCustomError("said", "is neither true nor what is said about it")
    return value


class WebhookSpec(StrictModel):
    """When the webhook of a reply goes out, how often, and what is wrong with it."""

    after: Duration | None = Field(None, description="Wait after the end of the job.")
    duplicates: int | None = Field(None, ge=0, le=100, description="Sent again, as often.")
    every: Duration | None = Field(None, description="Wait between duplicates. Default 1s.")
    drop: bool = Field(False, description="It never comes.")
    before_submit: bool = Field(False, description="It comes before the answer to the submit.")
    signature: Annotated[
        Literal["bad", "missing", "stale", "unknown-key", "altered-body"] | None,
        BeforeValidator(_with_dashes),
        OrWord({"enum": ["unknown_key", "altered_body"]}),
    ] = Field(None, description="How the signature is wrong.")
    forgeries: int | None = Field(
        None, ge=1, description="So many attempts are forged, then they are right. Default: all."
    )
    payload_error: Annotated[bool | str, BeforeValidator(_check_payload_error)] = Field(
        False, description="The result was not JSON: true, or what is said about it."
    )
    gateway_request_id: Annotated[str | None, Field(min_length=1)] = Field(
        None, description="Another id than the request's: new, or the id itself."
    )
    order: int | None = Field(
        None, ge=1, description="It waits until those of all lower orders are over."
    )
    behind: str | None = Field(
        None, min_length=1, description="It waits until that of the exchange with this id is over."
    )

    @model_validator(mode="after")
    def _check_combinations(self) -> WebhookSpec:
        set_fields = self.model_fields_set
        for name, others in _CONFLICTS.items():
            conflicts = [other for other in others if other in set_fields and getattr(self, name)]
            if conflicts:
                names = f"{name} and {conflicts[0]}"
                raise PydanticCustomError(
                    "conflict", "{names} cannot stand together", {"names": names}
                )
        for name, companion in _REQUIRED_FIELDS.items():
            if name in set_fields and companion not in set_fields:
                raise PydanticCustomError(
                    "companion",
                    "{name} goes with {companion}",
                    {"name": name, "companion": companion},
                )
        return self


WEBHOOK_WORDS: dict[str, dict[str, Any]] = {
    "lost": {"drop": True},
    "twice": {"duplicates": 1},
    "early": {"before_submit": True},
    "late": {"after": "40m"},
    "bad-signature": {"signature": "bad"},
    "unsigned": {"signature": "missing"},
    "stale": {"signature": "stale"},
    "unknown-key": {"signature": "unknown-key"},
    "altered-body": {"signature": "altered-body"},
    "payload-error": {"payload_error": True},
    "new-gateway-id": {"gateway_request_id": "new"},
}
"""Each word that may stand for a mapping; underscores may stand for the dashes."""


class JwksSpec(StrictModel):
    """How the public keys of webhooks are published, and how they change."""

    status: int | None = Field(None, ge=400, le=599, description="Answered in place of the keys.")
    times: int | None = Field(None, ge=1, description="status so many times, then the keys.")
    delay: Duration | None = Field(None, description="Wait before each answer.")
    rotate_after: Duration | None = Field(None, description="A new key each time this has passed.")
    keys: int | None = Field(
        None, ge=1, le=10, description="So many keys are listed; the one in use is the last."
    )
    empty: bool = Field(False, description="No key is listed.")

    @model_validator(mode="after")
    def _check_combinations(self) -> JwksSpec:
        if self.times is not None and self.status is None:
            raise PydanticCustomError(
                "companion",
                "{name} goes with {companion}",
                {"name": "times", "companion": "status"},
            )
        if self.rotate_after == 0:
            raise PydanticCustomError("rotation", "keys cannot change without pause")
        return self


JWKS_WORDS: dict[str, dict[str, Any]] = {
    "down": {"status": 503},
    "slow": {"delay": "20s"},
    "empty": {"empty": True},
}


def _word_variants(words: dict[str, dict[str, Any]]) -> list[str]:
    return [*words, *(word.replace("-", "_") for word in words if "-" in word)]


def _word_check(words: dict[str, dict[str, Any]]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value.replace("_", "-") not in words:
            raise PydanticCustomError("word", "is not known here", {"words": " ".join(words)})
        return value

    return check


WebhookWord = Annotated[
    str,
    BeforeValidator(_word_check(WEBHOOK_WORDS)),
    WithJsonSchema({"enum": _word_variants(WEBHOOK_WORDS)}),
]
JwksWord = Annotated[
    str,
    BeforeValidator(_word_check(JWKS_WORDS)),
    WithJsonSchema({"enum": _word_variants(JWKS_WORDS)}),
]


def _kind(value: Any) -> str:
    return "(word)" if isinstance(value, str) else "(spec)"


Webhook = Annotated[
    Annotated[WebhookWord, Tag("(word)")] | Annotated[WebhookSpec, Tag("(spec)")],
    Discriminator(_kind),
]
Jwks = Annotated[
    Annotated[JwksWord, Tag("(word)")] | Annotated[JwksSpec, Tag("(spec)")],
    Discriminator(_kind),
]


def expand_webhook(webhook: str | WebhookSpec) -> WebhookSpec:
    """What a word stands for."""
    if isinstance(webhook, str):
        return WebhookSpec.model_validate(WEBHOOK_WORDS[webhook.replace("_", "-")])
    return webhook


def expand_jwks(jwks: str | JwksSpec) -> JwksSpec:
    """What a word stands for."""
    if isinstance(jwks, str):
        return JwksSpec.model_validate(JWKS_WORDS[jwks.replace("_", "-")])
    return jwks
