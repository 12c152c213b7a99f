"""``webhook`` of a reply and ``jwks`` of a scenario: a word, or a mapping."""

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
"""Keys that have no effect beside another one."""

_REQUIRED_FIELDS = {"every": "duplicates", "forgeries": "signature"}


def _with_dashes(value: Any) -> Any:
    return value.replace("_", "-") if isinstance(value, str) else value


def _check_payload_error(value: Any) -> Any:
    if not isinstance(value, (bool, str)):
        raise PydanticCustomError("payload_error", "is neither true nor a text")
    return value


class WebhookSpec(StrictModel):
    """When the webhook of a reply is sent, how often, and what is wrong with it."""

    after: Duration | None = Field(None, description="Wait after the end of the job.")
    duplicates: int | None = Field(
        None, ge=0, le=100, description="Number of additional deliveries."
    )
    every: Duration | None = Field(None, description="Wait between duplicates. Default 1s.")
    drop: bool = Field(False, description="It is never sent.")
    before_submit: bool = Field(False, description="It is sent before the response to the submit.")
    signature: Annotated[
        Literal["bad", "missing", "stale", "unknown-key", "altered-body"] | None,
        BeforeValidator(_with_dashes),
        OrWord({"enum": ["unknown_key", "altered_body"]}),
    ] = Field(None, description="The defect of the signature.")
    forgeries: int | None = Field(
        None, ge=1, description="Number of attempts with the wrong signature. Default: all."
    )
    payload_error: Annotated[bool | str, BeforeValidator(_check_payload_error)] = Field(
        False, description="Sends payload_error: with fal's text (true), or with this one."
    )
    gateway_request_id: Annotated[str | None, Field(min_length=1)] = Field(
        None, description="A gateway_request_id that differs: new, or the id."
    )
    order: int | None = Field(
        None, ge=1, description="It is sent after all webhooks with a lower order."
    )
    behind: str | None = Field(
        None, min_length=1, description="It is sent after that of the exchange with this id."
    )

    @model_validator(mode="after")
    def _check_combinations(self) -> WebhookSpec:
        set_fields = self.model_fields_set
        for name, others in _CONFLICTS.items():
            conflicts = [other for other in others if other in set_fields and getattr(self, name)]
            if conflicts:
                names = f"{name} and {conflicts[0]}"
                raise PydanticCustomError(
                    "conflict", "{names} cannot be used together", {"names": names}
                )
        for name, companion in _REQUIRED_FIELDS.items():
            if name in set_fields and companion not in set_fields:
                raise PydanticCustomError(
                    "companion",
                    "{name} requires {companion}",
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
"""Words that are short for a mapping; dashes may be written as underscores."""


class JwksSpec(StrictModel):
    """How the public keys of webhook signatures are published and rotated."""

    status: int | None = Field(None, ge=400, le=599, description="Status sent instead of the keys.")
    times: int | None = Field(
        None, ge=1, description="Number of requests that get the status. Default: all."
    )
    delay: Duration | None = Field(None, description="Wait before each response.")
    rotate_after: Duration | None = Field(
        None, description="Interval after which a new key is used."
    )
    keys: int | None = Field(
        None,
        ge=1,
        le=10,
        description="How many are listed; the last is in use. Default: 2, the first is in use.",
    )
    empty: bool = Field(False, description="The list has no keys.")

    @model_validator(mode="after")
    def _check_combinations(self) -> JwksSpec:
        if self.times is not None and self.status is None:
            raise PydanticCustomError(
                "companion",
                "{name} requires {companion}",
                {"name": "times", "companion": "status"},
            )
        if self.rotate_after == 0:
            raise PydanticCustomError("rotation", "the interval of a rotation cannot be zero")
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
    """The mapping that a word is short for; a mapping stays as it is."""
    if isinstance(webhook, str):
        return WebhookSpec.model_validate(WEBHOOK_WORDS[webhook.replace("_", "-")])
    return webhook


def expand_jwks(jwks: str | JwksSpec) -> JwksSpec:
    """The mapping that a word is short for; a mapping stays as it is."""
    if isinstance(jwks, str):
        return JwksSpec.model_validate(JWKS_WORDS[jwks.replace("_", "-")])
    return jwks
