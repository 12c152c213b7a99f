"""The whole of the fake's state: key -> tenant."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fakefal.engine.clock import make_clock
from fakefal.engine.identities import uuid7
from fakefal.engine.journal import Journal, Listener
from fakefal.engine.tenant import Tenant
from fakefal.engine.tokens import mark_named
from fakefal.protocol import errors
from fakefal.protocol.endpoints import parse_endpoint
from fakefal.protocol.errors import WireError
from fakefal.protocol.headers import Credential
from fakefal.protocol.hosts import way_to
from fakefal.protocol.options import Switches
from fakefal.protocol.storage import unauthorized
from fakefal.scenario.book import Book
from fakefal.scenario.generated import digest
from fakefal.scenario.terms import terms_of
from fakefal.settings import Settings

if TYPE_CHECKING:
    from fakefal.engine.webhooks import Webhooks
    from fakefal.scenario.loading import Loaded


class Engine:
    """Keeps a tenant for each key, made when the key first comes.

    At most ``limits.tenants`` are kept; the one unused for longest goes first. ``home``, if set,
    takes every key that has no tenant of its own: in a test process whatever key the code under
    test uses reaches the running test.
    """

    def __init__(self, settings: Settings, scenarios: Iterable[Loaded] = ()) -> None:
        self.settings = settings
        self.scenarios = tuple(scenarios)
        self.terms = terms_of(self.scenarios, settings.seed, settings.unmatched, settings.switches)
        self.base = Book(entry for loaded in self.scenarios for entry in loaded.entries)
        self.home: Tenant | None = None
        self._tenants: OrderedDict[str, Tenant] = OrderedDict()
        self._keys: dict[str, str] = {}
        self._listeners: tuple[Listener, ...] = ()
        self._strangers: Tenant | None = None
        self._attend: Callable[[Webhooks], None] | None = None
        make_clock(settings.clock, settings.speed)

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

    def renew(self, key: str, *, clock: str | None = None) -> Tenant:
        """A new tenant for a key, in place of the one it had."""
        tenant = self._new_tenant(key, clock)
        if key in self._tenants:
            self._tenants[key].close()
        self._tenants[key] = tenant
        self._tenants.move_to_end(key)
        self._keys[tenant.files.mark] = key
        if self.home is not None and self.home.key == key:
            self.home = tenant
        if len(self._tenants) > self.settings.limits.tenants:
            _, oldest = self._tenants.popitem(last=False)
            self._keys.pop(oldest.files.mark, None)
            oldest.note("lint", 0, f"forgotten: {len(self._tenants)} keys were used since")
            oldest.close()
        return tenant

    def _new_tenant(self, key: str, clock: str | None) -> Tenant:
        tenant = Tenant(
            key,
            self.terms,
            make_clock(clock or self.settings.clock, self.settings.speed),
            self.settings.limits,
            self.base,
            Journal(self.settings.limits.entries, self._listeners),
        )
        tenant.attend = self._attend
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
            tenant.close()
        if self.home is not None and self.home.key == key:
            self.home = None

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
