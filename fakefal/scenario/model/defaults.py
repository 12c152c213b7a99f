"""What holds beyond single exchanges: account, apps, hosts, faults of every request, chaos."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from fakefal.protocol.core.hosts import CANONICAL_HOSTS, canonical_host
from fakefal.protocol.errors.catalog import CATALOG, find_error
from fakefal.protocol.errors.fault import Operation
from fakefal.scenario.model.faults import AllFaults, FaultList
from fakefal.scenario.model.fields import Duration, OrOne, OrWord, StrictModel, as_list
from fakefal.scenario.model.llm import TokenPrice
from fakefal.scenario.model.options import Options
from fakefal.scenario.model.sockets import RealtimeApp
from fakefal.scenario.model.webhooks import Jwks
from fakefal.scenario.presets.registry import PRESETS, preset_names

ACCOUNT_STATES = [
    entry.name.replace("_", "-")
    for entry in CATALOG.values()
    if entry.kind == "account" and entry.status in (401, 403)
]
"""What an account can be: the names of its refusals."""


def _check_state(value: Any) -> Any:
    spec = find_error(value) if isinstance(value, str) else None
    if spec is None or spec.name.replace("_", "-") not in ACCOUNT_STATES:
        raise PydanticCustomError("account_state", "is no state of an account")
    return spec.name.replace("_", "-")


AccountState = Annotated[
    str, BeforeValidator(_check_state), WithJsonSchema({"enum": ACCOUNT_STATES})
]


class AccountSpec(StrictModel):
    """How an account stands: with a ``state`` its calls are refused."""

    state: AccountState | None = Field(
        None, description="The refusal: exhausted-balance, bad-key, …."
    )
    after: int = Field(0, ge=0, description="Calls that are accepted before.")
    reads: Literal["allowed", "refused"] | None = Field(
        None, description="Whether status and result can be read then. Default: only of locked."
    )
    concurrency: int | None = Field(None, ge=1, description="Calls that may run at the same time.")


def _account_spec(value: Any) -> Any:
    return {"state": value} if isinstance(value, str) else value


Account = Annotated[AccountSpec, BeforeValidator(_account_spec), OrWord({"enum": ACCOUNT_STATES})]


class PriceSpec(StrictModel):
    """What an endpoint costs, as the platform API tells it."""

    unit_price: float = Field(ge=0, description="In US dollars.")
    unit: str = Field("requests", min_length=1, description="What is counted: images, seconds, ….")


class AppSpec(StrictModel):
    """How an app is served."""

    removed: bool = Field(False, description="404: no such app (any more).")
    runners: int | None = Field(None, ge=1, le=10_000, description="Calls served at a time.")
    queue_length: int | None = Field(None, ge=0, description="Requests of others that wait.")
    request_timeout: Duration | None = Field(None, description="How long a call may run.")
    cancel: Literal["ignored", "honoured", "too-late"] | None = Field(
        None, description="What a cancel comes to."
    )
    realtime: RealtimeApp | None = Field(None, description="How it holds realtime sessions.")
    price: PriceSpec | None = Field(None, description="What the platform API says it costs.")


def _app_spec(value: Any) -> Any:
    return {"gone": True} if value == "gone" else value


App = Annotated[AppSpec, BeforeValidator(_app_spec), OrWord({"const": "gone"})]


class ChaosSpec(StrictModel):
    """Faults by chance; the same seed meets the same requests with the same faults."""

    rate: float = Field(ge=0, le=1, description="The share of requests that a fault meets.")
    seed: int = 0
    faults: FaultList = Field(description="One of these, by chance.")
    on: Annotated[list[Operation] | None, BeforeValidator(as_list), OrOne()] = Field(
        None, description="Operations that it meets. Default: all."
    )


def _check_host(value: Any) -> Any:
    if not isinstance(value, str) or canonical_host(value) is None:
        raise PydanticCustomError("host", "is no host of fal")
    return value


Host = Annotated[
    str,
    BeforeValidator(_check_host),
    WithJsonSchema({"type": "string", "enum": sorted(CANONICAL_HOSTS)}),
]


def _check_preset(value: Any) -> Any:
    preset = PRESETS.get(value.replace("_", "-")) if isinstance(value, str) else None
    if preset is None or preset.part != "scenario":
        raise PydanticCustomError("scenario_preset", "is no preset for a scenario")
    return preset.name


ScenarioPreset = Annotated[
    str, BeforeValidator(_check_preset), WithJsonSchema({"enum": preset_names("scenario")})
]


class ScenarioDefaults(StrictModel):
    """What holds for all calls of a tenant."""

    preset: Annotated[list[ScenarioPreset] | None, BeforeValidator(as_list), OrOne()] = Field(
        None, description="Ready-made troubles, by name."
    )
    options: Options = Field(default_factory=Options)
    account: Account | None = Field(None, description="How the account of every key stands.")
    accounts: dict[str, Account] | None = Field(
        None, description="How those of single keys stand; * and ? stand for any text."
    )
    apps: dict[str, App] | None = Field(
        None, description="How apps are served, by endpoint; * and ? stand for any text."
    )
    hosts: dict[Host, Literal["down", "up"]] | None = Field(None, description="Hosts out of reach.")
    faults: AllFaults | None = Field(None, description="Faults of every request of its kind.")
    chaos: ChaosSpec | None = None
    prices: dict[str, TokenPrice] | None = Field(
        None, description="What models cost behind openrouter/router; * and ? stand for any text."
    )
    jwks: Jwks | None = Field(None, description="The public keys of webhooks.")
