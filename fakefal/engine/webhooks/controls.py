"""What a test or a person may ask of a tenant's webhooks, or change; plain data in and out."""

from __future__ import annotations

from typing import Any

from fakefal.engine.tenant import Tenant
from fakefal.errors import ScenarioError, SettingError
from fakefal.scenario.compiled.webhooks import compile_jwks


class WebhookControls:
    """The webhooks of one tenant. Call them from the loop's thread only."""

    def __init__(self, tenant: Tenant) -> None:
        self._webhooks = tenant.webhooks
        self._clock = tenant.clock

    def deliveries(self) -> list[dict[str, Any]]:
        """The deliveries kept, oldest first, each with its attempts."""
        return [delivery.body() for delivery in self._webhooks.deliveries]

    def redeliver(self, request_id: str | None = None) -> list[dict[str, Any]]:
        """Send one request's webhook again, or all that failed so far; gives those that are due.

        Raises SettingError for a request that has none.
        """
        return [delivery.body() for delivery in self._webhooks.redeliver(request_id)]

    def jwks(self) -> dict[str, Any]:
        """The keys as they are published now, even while the scenario has them unreachable."""
        return self._webhooks.signing_keys.jwks(self._clock.now())

    def publish(self, jwks: Any) -> dict[str, Any]:
        """Publish the keys as ``jwks`` of a scenario says: ``"down"``, ``{"delay": "20s"}``.

        Raises SettingError.
        """
        from fakefal.scenario.files.loader import load_data  # only where something is written

        try:
            loaded = load_data({"fakefal": 1, "jwks": jwks}, "jwks")
        except ScenarioError as error:
            raise SettingError("\n".join(map(str, error.problems))) from None
        self._webhooks.signing_keys.publish_as(
            compile_jwks(loaded.scenario.jwks), self._clock.now()
        )
        return self.jwks()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is withdrawn."""
        self._webhooks.signing_keys.rotate()
