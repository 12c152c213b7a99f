"""Scenario-wide fields: account, apps, hosts, faults of every request, chaos, options, prices."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from fakefal.protocol.core.hosts import CANONICAL_HOSTS, is_host_name
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
    spec.name.replace("_", "-")
    for spec in CATALOG.values()
    if spec.kind == "account" and spec.status in (401, 403)
]
"""Names of the errors with which fal rejects every call of an account."""


def _check_state(value: Any) -> Any:
    spec = find_error(value) if isinstance(value, str) else None
    if spec is None or spec.name.replace("_", "-") not in ACCOUNT_STATES:
        raise PydanticCustomError("account_state", "is not a state of an account")
    return spec.name.replace("_", "-")


AccountState = Annotated[
    str, BeforeValidator(_check_state), WithJsonSchema({"enum": ACCOUNT_STATES})
]


class AccountSpec(StrictModel):
    """With a ``state``, calls are rejected with that error; without one all are accepted."""

    state: AccountState | None = Field(
        None, description="The error: exhausted-balance, bad-key, …."
    )
    after: int = Field(0, ge=0, description="Calls that are accepted before that.")
    reads: Literal["allowed", "refused"] | None = Field(
        None, description="Whether status and result can still be read. Default: if locked (403)."
    )
    concurrency: int | None = Field(None, ge=1, description="Calls that may run at the same time.")
    balance: float | None = Field(
        None, description="US dollars, as the platform API reports them. Default: 100, or 0."
    )


def _account_spec(value: Any) -> Any:
    return {"state": value} if isinstance(value, str) else value


Account = Annotated[AccountSpec, BeforeValidator(_account_spec), OrWord({"enum": ACCOUNT_STATES})]


class PriceSpec(StrictModel):
    """The price of an endpoint, as the platform API reports it."""

    unit_price: float = Field(ge=0, description="In US dollars.")
    unit: str = Field("requests", min_length=1, description="The billed unit: images, seconds, ….")


class AppSpec(StrictModel):
    """How the platform runs an app: runners, queue, limits."""

    removed: bool = Field(False, description="404: the app does not exist any more.")
    runners: int | None = Field(
        None, ge=1, le=10_000, description="Calls that run at the same time."
    )
    queue_length: int | None = Field(
        None, ge=0, description="Requests of other users that wait in its queue."
    )
    request_timeout: Duration | None = Field(None, description="How long a call may run.")
    cancel: Literal["ignored", "accepted", "too-late"] | None = Field(
        None, description="What a cancel does."
    )
    realtime: RealtimeApp | None = Field(None, description="Its realtime sessions.")
    price: PriceSpec | None = Field(None, description="Its price in the platform API.")
    openapi: str | None = Field(
        None, min_length=1, description="Its API description, a file beside the scenario."
    )
    fill_defaults: bool = Field(
        False, description="Fill in the defaults of its inputs before matching."
    )


def _app_spec(value: Any) -> Any:
    return {"removed": True} if value == "removed" else value


App = Annotated[AppSpec, BeforeValidator(_app_spec), OrWord({"const": "removed"})]


class ChaosSpec(StrictModel):
    """Random faults; with the same seed the same requests get the same faults."""

    rate: float = Field(ge=0, le=1, description="The share of requests that get a fault.")
    seed: int = 0
    faults: FaultList = Field(description="One of these is drawn.")
    on: Annotated[list[Operation] | None, BeforeValidator(as_list), OrOne()] = Field(
        None, description="Operations that may get a fault. Default: all."
    )


def _check_host(value: Any) -> Any:
    name = value.rstrip(".").lower() if isinstance(value, str) else ""
    if name in CANONICAL_HOSTS:
        return name
    if not is_host_name(name) or similar_host(name):
        raise PydanticCustomError("host", "is not a host of fal")
    return name


def similar_host(name: str) -> str:
    """The host of fal that a name is probably a misspelling of; empty if there is none."""
    return next(iter(get_close_matches(name, CANONICAL_HOSTS, n=1, cutoff=0.85)), "")


Host = Annotated[
    str,
    BeforeValidator(_check_host),
    WithJsonSchema(
        {"anyOf": [{"enum": sorted(CANONICAL_HOSTS)}, {"type": "string", "format": "hostname"}]}
    ),
]


def _host_states(value: Any) -> Any:
    return dict.fromkeys(value, "up") if isinstance(value, list) else value


def _check_preset(value: Any) -> Any:
    preset = PRESETS.get(value.replace("_", "-")) if isinstance(value, str) else None
    if preset is None or preset.part != "scenario":
        raise PydanticCustomError("scenario_preset", "is not a preset of a scenario")
    return preset.name


ScenarioPreset = Annotated[
    str, BeforeValidator(_check_preset), WithJsonSchema({"enum": preset_names("scenario")})
]


class ScenarioDefaults(StrictModel):
    """Fields that apply to all calls of a tenant; those of an exchange override them."""

    preset: Annotated[list[ScenarioPreset] | None, BeforeValidator(as_list), OrOne()] = Field(
        None, description="Predefined situations, by name."
    )
    options: Options = Field(default_factory=Options)
    account: Account | None = Field(None, description="The account of every key.")
    accounts: dict[str, Account] | None = Field(
        None, description="Accounts by key, first match; * and ? are wildcards."
    )
    apps: dict[str, App] | None = Field(
        None, description="Apps by endpoint, first match; * and ? are wildcards."
    )
    hosts: Annotated[dict[Host, Literal["down", "up"]] | None, BeforeValidator(_host_states)] = (
        Field(
            None, description="Hosts that are down, and hosts besides fal's that are served (up)."
        )
    )
    faults: AllFaults | None = Field(None, description="Faults of every request, by operation.")
    chaos: ChaosSpec | None = None
    prices: dict[str, TokenPrice] | None = Field(
        None, description="Token prices of models; * and ? are wildcards."
    )
    jwks: Jwks | None = Field(None, description="The public keys of webhook signatures.")
