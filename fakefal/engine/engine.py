"""The root of the state: one tenant per API key."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fakefal.engine.core.api_keys import IssuedKeys
from fakefal.engine.core.bounds import MANY, RESCAN_SECONDS, Bounds
from fakefal.engine.core.clock import make_clock, real_now
from fakefal.engine.core.journal import Journal, Listener, Tally, unserved_request
from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.files.tokens import claimed_tenant_tag
from fakefal.engine.tenant import InitialState, Tenant
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.headers import Credential
from fakefal.protocol.core.hosts import host_group
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.storage.storage import unauthorized
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiler.settings import changed_settings, effective_settings
from fakefal.scenario.values.seeded import digest
from fakefal.settings import Settings

if TYPE_CHECKING:
    from fakefal.engine.webhooks.scheduler import WebhookScheduler
    from fakefal.scenario.compiled.scenario import LoadedScenario


class Engine:
    """Keeps a tenant for each key, created with the first request of the key.

    At most ``limits.tenants`` are kept; the least recently used of the idle ones is dropped first,
    and if none is idle, a new key is refused. All keys without
    a tenant share ``default_tenant`` if it is set: in a test process the running test, whatever key
    the code under test uses.
    """

    def __init__(self, settings: Settings, scenarios: Iterable[LoadedScenario] = ()) -> None:
        self.settings = settings
        self.load(scenarios)
        self.past_tally: Tally = Counter()
        self.past_misses = 0
        self.default_tenant: Tenant | None = None
        self.bounds = Bounds()
        self.is_draining = False
        """New calls get a 503, which makes a load balancer send them to another replica."""
        self._next_scan_at = 0.0
        self._tenants: OrderedDict[str, Tenant] = OrderedDict()
        self._keys_by_tag: dict[str, str] = {}
        self._listeners: tuple[Listener, ...] = ()
        self.issued_keys = IssuedKeys(self.effective_settings.seed, self.drop)
        self.notice_listeners: list[Callable[[str], None]] = []
        self._anonymous_tenant: Tenant | None = None
        self._watch_webhooks: Callable[[WebhookScheduler], None] | None = None
        make_clock(settings.clock, settings.speed)

    def load(self, scenarios: Iterable[LoadedScenario]) -> None:
        """Serve these scenarios to the tenants created from now on.

        Raises ScenarioError, with nothing changed, if two of them contradict each other.
        """
        loaded, settings = tuple(scenarios), self.settings
        self.effective_settings = effective_settings(
            loaded, settings.seed, settings.unmatched, settings.flags
        )
        self.scenarios = loaded
        self.base_index = ExchangeIndex(
            exchange for scenario in loaded for exchange in scenario.exchanges
        )

    def record_rejection(
        self,
        tenant: Tenant | None,
        request: str,
        status: int,
        reason: str,
        *,
        is_miss: bool = False,
    ) -> str:
        """Journal a request that is rejected before it becomes a call; returns its request id.

        ``request`` is its method, host and path. Callers without a tenant share one journal.
        ``is_miss``: the fake lacks the route.
        """
        request_id = self.request_id_for(request)
        if tenant is None:
            if self._anonymous_tenant is None:
                self._anonymous_tenant = self._new_tenant("", None)
            tenant = self.default_tenant or self._anonymous_tenant
        miss = unserved_request(request) if is_miss else None
        tenant.record_rejection(request_id, status, f"{request}: {reason}", miss)
        return request_id

    def request_id_for(self, request: str) -> str:
        """A request id for a request that is not a call; equal requests get equal ids."""
        seed = str(self.effective_settings.seed)
        return uuid7(int.from_bytes(digest("refused", seed, request)[:16], "big"))

    def is_down(self, host: str) -> bool:
        """Whether a host is down for all: in the server's scenarios and for every tenant."""
        environment = self.effective_settings.environment
        if environment is None or host_group(host) not in environment.down_hosts:
            return False
        return all(tenant.faults.host_fault(host) is not None for tenant in self._tenants.values())

    def add_listener(self, listener: Listener) -> None:
        """Call a listener with every journal entry of the tenants created from now on."""
        self._listeners = (*self._listeners, listener)

    def notify(self, text: str) -> None:
        """Tell the listeners of a change that no journal records, such as pushed scenarios."""
        for listener in self.notice_listeners:
            listener(text)

    def watch_webhooks(self, watch: Callable[[WebhookScheduler], None]) -> None:
        """Set what is called with the webhooks of a tenant as soon as it needs them.

        Holds for the tenants created from now on.
        """
        self._watch_webhooks = watch

    def fallback_tenant(self) -> Tenant:
        """The tenant of a request without a key: the default one, else the last one used."""
        if self.default_tenant is not None:
            return self.default_tenant
        if self._tenants:
            return next(reversed(self._tenants.values()))
        if self._anonymous_tenant is None:
            self._anonymous_tenant = self._new_tenant("", None)
        return self._anonymous_tenant

    def tenant_for(
        self, credential: Credential, endpoint: str = "", *, is_new_call: bool = False
    ) -> Tenant:
        """The tenant of a key; raises the 401 of a key that is not accepted.

        ``endpoint`` is what the request is about; a token must be valid for it. The 401 of a new
        call has another text. Source: docs/reference/open-questions.md#wording-of-401
        """
        if self.is_draining and is_new_call:
            raise _draining()
        app = endpoint if is_new_call else ""
        key = credential.token
        tenant = self._tenants.get(key)
        if tenant is not None:
            self._tenants.move_to_end(key)
            if tenant.settings is not self.effective_settings:
                self._check_key(credential, app, tenant.settings.flags)
            return tenant
        if credential.scheme == "bearer" and (tag := claimed_tenant_tag(key)) is not None:
            return self._tenant_of_token(tag, key, endpoint)
        default_tenant = self.default_tenant
        if default_tenant is None:
            self._check_key(credential, app, self.effective_settings.flags)
            return self.reset_tenant(key)
        self._check_key(credential, app, default_tenant.settings.flags)
        return default_tenant

    def _check_key(self, credential: Credential, app: str, flags: CompatFlags) -> None:
        """Raise the 401 of a key that is not accepted."""
        key, accepted_keys = credential.token, flags.keys
        if self.issued_keys.is_valid(key):
            return
        if self.issued_keys.is_revoked(key):
            raise _unknown_key(app, flags)
        is_unknown = bool(self.settings.keys) and key not in self.settings.keys
        if is_unknown or (isinstance(accepted_keys, tuple) and key not in accepted_keys):
            raise _unknown_key(app, flags)
        if accepted_keys == "strict" and credential.scheme == "key" and ":" not in key:
            raise errors.malformed_key()
        if accepted_keys == "strict" and credential.scheme == "bearer" and key.count(".") != 2:
            raise errors.key_as_bearer()

    def _tenant_of_token(self, tag: str, token: str, endpoint: str) -> Tenant:
        """The tenant of a short-lived token that is sent as a key; raises if it is not valid.

        Source: documented (docs/reference/protocol.md#authentication-schemes)
        """
        tenant = self.tenant_by_tag(tag)
        if tenant is None:
            raise unauthorized("the token was not issued by this server")
        endpoint_id = parse_endpoint(endpoint)
        if endpoint_id is None:
            tenant.tokens.read(token, "apps")
        else:
            tenant.tokens.check_grant(token, endpoint_id)
        return tenant

    def reset_tenant(
        self,
        key: str,
        *,
        clock: str | None = None,
        effective_settings: EffectiveSettings | None = None,
        scenarios: Iterable[LoadedScenario] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Tenant:
        """Create a tenant for a key, replacing the previous one.

        ``scenarios`` and ``options`` (as under ``options`` of a file) replace the server's; without
        them the tenant keeps those that its predecessor started with. ``effective_settings``
        overrides the settings that follow from these.
        """
        if key not in self._tenants:
            self._make_room()
        initial_state = None
        if scenarios is not None or options:
            loaded = tuple(scenarios or ())
            initial_state = InitialState(
                self._effective_settings_of(loaded, options or {}),
                ExchangeIndex(exchange for scenario in loaded for exchange in scenario.exchanges),
            )
        elif key in self._tenants:
            initial_state = self._tenants[key].initial_state
        tenant = self._new_tenant(key, clock, effective_settings, initial_state)
        if key in self._tenants:
            tenant.journal.edition = self._tenants[key].journal.edition + 1
            self._dispose(self._tenants[key])
        self._tenants[key] = tenant
        self._tenants.move_to_end(key)
        self._keys_by_tag[tenant.files.tenant_tag] = key
        if self.default_tenant is not None and self.default_tenant.key == key:
            self.default_tenant = tenant
        return tenant

    def _make_room(self) -> None:
        """Drop the least recently used idle tenant at the limit; raises the 429 if none is idle."""
        count = len(self._tenants)
        if count < self.settings.limits.tenants:
            return
        idle = None
        if count <= MANY or real_now() >= self._next_scan_at:
            tenants = (it for it in self._tenants.values() if it is not self.default_tenant)
            idle = next((tenant for tenant in tenants if tenant.is_idle), None)
        if idle is None:
            self._next_scan_at = real_now() + RESCAN_SECONDS
            raise self.bounds.refuse(
                "tenants", f"all {count} keys have unfinished work or a scenario"
            )
        idle.record("lint", 0, f"dropped as the idle one of {count} keys, for a new key")
        self.drop(idle.key)

    def _effective_settings_of(
        self, loaded: tuple[LoadedScenario, ...], options: Mapping[str, Any]
    ) -> EffectiveSettings:
        settings = self.settings
        unmatched = settings.unmatched or self.effective_settings.unmatched
        initial = effective_settings(loaded, settings.seed, unmatched, settings.flags)
        if not options:
            return initial
        from fakefal.scenario.model.defaults import ScenarioDefaults

        return changed_settings(initial, ScenarioDefaults.model_validate({"options": options}))

    def _dispose(self, tenant: Tenant) -> None:
        """Close a tenant and add its counts to those of past tenants."""
        self.past_tally += tenant.journal.tally()
        self.past_misses += tenant.journal.miss_count
        tenant.close()
        tenant.release()

    def _new_tenant(
        self,
        key: str,
        clock: str | None,
        effective_settings: EffectiveSettings | None = None,
        initial_state: InitialState | None = None,
    ) -> Tenant:
        tenant = Tenant(
            key,
            effective_settings
            or (self.effective_settings if initial_state is None else initial_state.settings),
            make_clock(clock or self.settings.clock, self.settings.speed),
            self.settings.limits,
            self.base_index if initial_state is None else initial_state.base_index,
            Journal(
                self.settings.limits.journal_entries,
                self._listeners,
                self.settings.limits.input_bytes,
            ),
            self.settings.replica,
        )
        tenant.initial_state = initial_state
        tenant.watch_webhooks, tenant.issued_keys = self._watch_webhooks, self.issued_keys
        tenant.bounds = tenant.uploads.bounds = self.bounds
        return tenant

    @property
    def has_live_work(self) -> bool:
        """Whether any key has unfinished work."""
        return any(tenant.has_live_work for tenant in self._tenants.values())

    def find(self, key: str) -> Tenant | None:
        """The tenant of a key, if it has one."""
        return self._tenants.get(key)

    def tenant_by_tag(self, tag: str) -> Tenant | None:
        """The tenant whose tag is in the URL of a file, or in a token."""
        return self._tenants.get(self._keys_by_tag.get(tag, ""))

    def drop(self, key: str) -> None:
        """Drop a key and its tenant."""
        tenant = self._tenants.pop(key, None)
        if tenant is not None:
            self._keys_by_tag.pop(tenant.files.tenant_tag, None)
            self._dispose(tenant)
        if self.default_tenant is not None and self.default_tenant.key == key:
            self.default_tenant = None

    @property
    def anonymous_tenant(self) -> Tenant | None:
        """The tenant whose journal has the requests without a key; None if there were none."""
        return self._anonymous_tenant

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """The tenants, the last used one at the end."""
        return tuple(self._tenants.values())


def _draining() -> ApiError:
    detail = "this server is about to stop and takes no new calls"
    return ApiError(503, {"detail": detail}, (("Retry-After", "1"),), hint=detail)


def _unknown_key(app: str, flags: CompatFlags) -> ApiError:
    error_style = flags.key_wording
    endpoint = parse_endpoint(app)
    if error_style == "by-call" and endpoint is not None:
        return errors.unauthenticated(endpoint.app)
    return errors.no_user_for_key() if error_style == "no-user" else errors.bad_key()
