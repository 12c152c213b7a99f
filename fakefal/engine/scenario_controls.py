"""What a running server may be told to answer: scenarios of one key, or of all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakefal.engine.controls import adopt
from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.errors import Mistake, ScenarioError
from fakefal.scenario.compiled.index import Book
from fakefal.scenario.compiled.settings import Terms, changed_terms

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import Entry
    from fakefal.scenario.files.loader import Loaded


class ScenarioControls:
    """The scenarios of one tenant, or those of the server. Call from the loop's thread only.

    ``tenant`` None means the server's own, which hold for every key.
    """

    def __init__(self, engine: Engine, tenant: Tenant | None) -> None:
        self._engine = engine
        self._tenant = tenant

    def told(self) -> dict[str, Any]:
        """What is served: exchanges in the order in which they are asked, with their counts."""
        tenant = self._tenant
        terms = self._engine.terms if tenant is None else tenant.terms
        own = () if tenant is None else tenant.own.entries
        base = self._engine.base if tenant is None else tenant.base
        return {
            "unmatched": terms.unmatched,
            "seed": terms.seed,
            "circumstances": terms.told,
            "own": [self._entry(entry) for entry in own],
            "loaded": [self._entry(entry) for entry in base.entries],
        }

    def count(self) -> int:
        """How many exchanges were sent, or are the server's own."""
        book = self._engine.base if self._tenant is None else self._tenant.own
        return len(book.entries)

    def replace(self, loaded: Loaded) -> None:
        """Answer with this scenario instead of those that were sent before.

        Jobs and journal of a key stay, unless the scenario has another seed: ids follow from it, so
        the tenant begins anew. A server's scenarios begin all tenants anew. Raises ScenarioError.
        """
        self._check_room(loaded, 0)
        tenant = self._tenant
        if tenant is None:
            self._engine.load([loaded])
            self._renew_all()
            return
        terms = changed_terms(self._own_terms(loaded), loaded.scenario)
        if terms.seed != tenant.terms.seed:
            tenant = self._engine.renew(tenant.key, clock=tenant.clock.kind, terms=terms)
        adopt(tenant, terms, loaded.scenario)
        tenant.set_own(Book(loaded.entries))
        self._tenant = tenant

    def append(self, loaded: Loaded) -> None:
        """Answer with this scenario where those before it do not; raises ScenarioError."""
        tenant = self._tenant
        if tenant is None:
            self._check_room(loaded, len(self._engine.base.entries))
            before = self._engine.terms
            self._engine.load([*self._engine.scenarios, loaded])
            for it in self._engine.tenants:
                it.answering.base = self._engine.base
                is_plain = it.terms is before
                terms = self._engine.terms if is_plain else changed_terms(it.terms, loaded.scenario)
                adopt(it, terms, loaded.scenario)
            return
        self._check_room(loaded, len(tenant.own.entries))
        if loaded.scenario.seed not in (None, tenant.terms.seed):
            what = f"seed is {loaded.scenario.seed} here and {tenant.terms.seed} for this key"
            raise ScenarioError((Mistake(loaded.file, 0, 0, "seed", what, "replace, with PUT"),))
        base = tenant.terms
        if not self._engine.scenarios and not tenant.own.entries:
            base = replace(base, unmatched=self._engine.settings.unmatched or "fail")
        terms = changed_terms(base, loaded.scenario)
        adopt(tenant, terms, loaded.scenario)
        tenant.set_own(Book((*tenant.own.entries, *loaded.entries)))

    def clear(self) -> None:
        """Forget what was sent: a key is left with the server's scenarios, a server with none."""
        from fakefal.scenario.model.defaults import Circumstances

        if self._tenant is None:
            self._engine.load([])
            self._renew_all()
        else:
            adopt(self._tenant, self._engine.terms, Circumstances())
            self._tenant.set_own(Book())

    def _own_terms(self, loaded: Loaded) -> Terms:
        """The server's terms as they are where a key has a scenario of its own."""
        terms = self._engine.terms
        if not self._engine.scenarios:
            terms = replace(terms, unmatched=self._engine.settings.unmatched or "fail")
        seed = loaded.scenario.seed
        return terms if seed is None else replace(terms, seed=seed)

    def _renew_all(self) -> None:
        for tenant in self._engine.tenants:
            self._engine.renew(tenant.key, clock=tenant.clock.kind)

    def _check_room(self, loaded: Loaded, taken: int) -> None:
        limit = self._engine.settings.limits.own_exchanges
        if taken + len(loaded.entries) > limit:
            what = f"{taken + len(loaded.entries)} exchanges are more than {limit}"
            raise ScenarioError((Mistake(loaded.file, 0, 0, "exchanges", what, "send fewer"),))

    def _entry(self, entry: Entry) -> dict[str, Any]:
        asked = self._engine.tenants if self._tenant is None else (self._tenant,)
        used = sum(tenant.answering.used.get(entry, 0) for tenant in asked)
        written = entry.exchange.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {
            "label": entry.label.strip('"'),
            "place": entry.place,
            "used": used,
            "times": entry.capacity,
            "is_used_up": entry.capacity is not None and used >= entry.capacity,
            "exchange": written,
        }
