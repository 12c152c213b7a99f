"""The whole of the fake's state: key -> tenant."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fakefal.engine.core.api_keys import IssuedKeys
from fakefal.engine.core.clock import make_clock
from fakefal.engine.core.journal import Journal, Listener, Tally
from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.files.tokens import mark_named
from fakefal.engine.tenant import Begun, Tenant
from fakefal.protocol.core.compat_flags import Switches
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.headers import Credential
from fakefal.protocol.core.hosts import way_to
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import WireError
from fakefal.protocol.storage.storage import unauthorized
from fakefal.scenario.compiled.index import Book
from fakefal.scenario.compiled.settings import Terms, changed_terms, terms_of
from fakefal.scenario.values.seeded import digest
from fakefal.settings import Settings

if TYPE_CHECKING:
    from fakefal.engine.webhooks.scheduler import Webhooks
    from fakefal.scenario.files.loader import Loaded


class Engine:
    """Keeps a tenant for each key, made when the key first comes.

    At most ``limits.tenants`` are kept; the one unused for longest goes first. ``home``, if set,
    takes every key that has no tenant of its own: in a test process whatever key the code under
    test uses reaches the running test.
    """

    def __init__(self, settings: Settings, scenarios: Iterable[Loaded] = ()) -> None:
        self.settings = settings
        self.load(scenarios)
        self.past: Tally = Counter()
        self.past_misses = 0
        self.home: Tenant | None = None
        self._tenants: OrderedDict[str, Tenant] = OrderedDict()
        self._keys: dict[str, str] = {}
        self._listeners: tuple[Listener, ...] = ()
        self.issued = IssuedKeys(self.terms.seed, self.drop)
        self._strangers: Tenant | None = None
        self._attend: Callable[[Webhooks], None] | None = None
        make_clock(settings.clock, settings.speed)

    def load(self, scenarios: Iterable[Loaded]) -> None:
        """Serve these scenarios to the tenants that are made from now on.

        Raises ScenarioError, with nothing changed, where two of them disagree.
        """
        loaded, settings = tuple(scenarios), self.settings
        self.terms = terms_of(loaded, settings.seed, settings.unmatched, settings.switches)
        self.scenarios = loaded
        self.base = Book(entry for it in loaded for entry in it.entries)

    def note_refusal(self, tenant: Tenant | None, what: str, status: int, why: str) -> str:
        """Note a request that fal refuses before a call comes of it; gives its request id.

        ``what`` is the request (method, host, path). Callers without a tenant share a journal.
        """
        request_id = self.id_of(what)
        if tenant is None:
            if self._strangers is None:
                self._strangers = self._new_tenant("", None)
            tenant = self.home or self._strangers
        tenant.refused(request_id, status, f"{what}: {why}")
        return request_id

    def id_of(self, what: str) -> str:
        """The request id of a request that begins no call; the same one gets the same id."""
        return uuid7(int.from_bytes(digest("refused", str(self.terms.seed), what)[:16], "big"))

    def is_down(self, name: str) -> bool:
        """Whether a host is out of reach for all: so says the scenario, and every tenant."""
        world = self.terms.world
        if world is None or way_to(name) not in world.down:
            return False
        return all(it.troubles.unreachable(name) is not None for it in self._tenants.values())

    def listen(self, listener: Listener) -> None:
        """Tell a listener of every journal entry of the tenants made from now on."""
        self._listeners = (*self._listeners, listener)

    def attend(self, attend: Callable[[Webhooks], None]) -> None:
        """Tell of every tenant, made from now on, that has something to be done outside."""
        self._attend = attend

    def nobody(self) -> Tenant:
        """The tenant that is meant where nobody says who asks: that of the test process, else the
        one used last."""
        if self.home is not None:
            return self.home
        if self._tenants:
            return next(reversed(self._tenants.values()))
        if self._strangers is None:
            self._strangers = self._new_tenant("", None)
        return self._strangers

    def tenant_for(
        self, credential: Credential, endpoint: str = "", *, begins_call: bool = False
    ) -> Tenant:
        """The tenant of a key; raises WireError for a key that is not good.

        ``endpoint`` is what the request is about: a token must be for it. Where it ``begins_call``
        a bad key is told something else (protocol.md section 16 row 9).
        """
        app = endpoint if begins_call else ""
        key = credential.token
        tenant = self._tenants.get(key)
        if tenant is not None:
            self._tenants.move_to_end(key)
            if tenant.terms is not self.terms:
                self._check_key(credential, app, tenant.terms.switches)
            return tenant
        if credential.scheme == "bearer" and (mark := mark_named(key)) is not None:
            return self._borne(mark, key, endpoint)
        home = self.home
        switches = self.terms.switches if home is None else home.terms.switches
        self._check_key(credential, app, switches)
        return self.renew(key) if home is None else home

    def _check_key(self, credential: Credential, app: str, switches: Switches) -> None:
        """Refuse a key that is not good."""
        key, good = credential.token, switches.keys
        if self.issued.has(key):
            return
        if self.issued.is_revoked(key):
            raise _unknown_key(app, switches)
        is_unknown = bool(self.settings.keys) and key not in self.settings.keys
        if is_unknown or (isinstance(good, tuple) and key not in good):
            raise _unknown_key(app, switches)
        if good == "strict" and credential.scheme == "key" and ":" not in key:
            raise errors.malformed_key()
        if good == "strict" and credential.scheme == "bearer" and key.count(".") != 2:
            raise errors.key_as_bearer()

    def _borne(self, mark: str, token: str, endpoint: str) -> Tenant:
        """The tenant of a short-lived token that is sent as a key, for the apps it was made for.

        Source: documented (protocol.md section 9.1).
        """
        tenant = self.marked(mark)
        if tenant is None:
            raise unauthorized("the token is not one of this fake's")
        asked = parse_endpoint(endpoint)
        if asked is None:
            tenant.tokens.read(token, "apps")
        else:
            tenant.tokens.check_grant(token, asked)
        return tenant

    def renew(
        self,
        key: str,
        *,
        clock: str | None = None,
        terms: Terms | None = None,
        scenarios: Iterable[Loaded] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Tenant:
        """A new tenant for a key, in place of the one it had; ``terms`` None are the engine's.

        ``scenarios`` and ``options`` (as under ``options`` of a file) are its own and take the
        place of the server's; a tenant that is renewed without keeps those it began with.
        """
        begun = None
        if scenarios is not None or options:
            loaded = tuple(scenarios or ())
            begun = Begun(
                self._terms_of(loaded, options or {}),
                Book(entry for one in loaded for entry in one.entries),
            )
        elif key in self._tenants:
            begun = self._tenants[key].begun
        tenant = self._new_tenant(key, clock, terms, begun)
        if key in self._tenants:
            tenant.journal.edition = self._tenants[key].journal.edition + 1
            self._retire(self._tenants[key])
        self._tenants[key] = tenant
        self._tenants.move_to_end(key)
        self._keys[tenant.files.mark] = key
        if self.home is not None and self.home.key == key:
            self.home = tenant
        if len(self._tenants) > self.settings.limits.tenants:
            _, oldest = self._tenants.popitem(last=False)
            self._keys.pop(oldest.files.mark, None)
            oldest.note("lint", 0, f"forgotten: {len(self._tenants)} keys were used since")
            self._retire(oldest)
        return tenant

    def _terms_of(self, loaded: tuple[Loaded, ...], options: Mapping[str, Any]) -> Terms:
        settings = self.settings
        unmatched = settings.unmatched or self.terms.unmatched
        terms = terms_of(loaded, settings.seed, unmatched, settings.switches)
        if not options:
            return terms
        from fakefal.scenario.model.defaults import Circumstances

        return changed_terms(terms, Circumstances.model_validate({"options": options}))

    def _retire(self, tenant: Tenant) -> None:
        """End a tenant; what it counted stays counted."""
        self.past += tenant.journal.tally()
        self.past_misses += tenant.journal.missed
        tenant.close()

    def _new_tenant(
        self,
        key: str,
        clock: str | None,
        terms: Terms | None = None,
        begun: Begun | None = None,
    ) -> Tenant:
        tenant = Tenant(
            key,
            terms or (self.terms if begun is None else begun.terms),
            make_clock(clock or self.settings.clock, self.settings.speed),
            self.settings.limits,
            self.base if begun is None else begun.base,
            Journal(self.settings.limits.entries, self._listeners),
        )
        tenant.begun = begun
        tenant.attend, tenant.issued = self._attend, self.issued
        return tenant

    def find(self, key: str) -> Tenant | None:
        """The tenant of a key, if it has one."""
        return self._tenants.get(key)

    def marked(self, mark: str) -> Tenant | None:
        """The tenant whose mark stands in the URL of a file, or in a token."""
        return self._tenants.get(self._keys.get(mark, ""))

    def drop(self, key: str) -> None:
        """Forget a key and all that its tenant holds."""
        tenant = self._tenants.pop(key, None)
        if tenant is not None:
            self._keys.pop(tenant.files.mark, None)
            self._retire(tenant)
        if self.home is not None and self.home.key == key:
            self.home = None

    @property
    def strangers(self) -> Tenant | None:
        """Who keeps the journal of callers without a key, if there were any."""
        return self._strangers

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """The tenants, the one used last at the end."""
        return tuple(self._tenants.values())


def _unknown_key(app: str, switches: Switches) -> WireError:
    wording = switches.key_wording
    endpoint = parse_endpoint(app)
    if wording == "by-call" and endpoint is not None:
        return errors.unauthenticated(endpoint.app)
    return errors.no_user() if wording == "no-user" else errors.bad_key()
