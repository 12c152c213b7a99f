"""Reads and controls the webhooks of a tenant; takes and returns plain data."""

from __future__ import annotations

from typing import Any

from fakefal.engine.webhooks.scheduler import WebhookScheduler
from fakefal.errors import ScenarioError, SettingError


class WebhookControls:
    """Controls the webhooks of one tenant. Not thread-safe: call it in the event loop's thread."""

    def __init__(self, webhooks: WebhookScheduler) -> None:
        self._webhooks = webhooks
        self._clock = webhooks.clock

    def deliveries(self) -> list[dict[str, Any]]:
        """The kept deliveries, oldest first, each with its attempts."""
        return [delivery.body() for delivery in self._webhooks.deliveries]

    def redeliver(self, request_id: str | None = None) -> list[dict[str, Any]]:
        """Send the webhook of a request again, or all failed ones; returns the new deliveries.

        Raises SettingError for a request without a webhook.
        """
        return [delivery.body() for delivery in self._webhooks.redeliver(request_id)]

    def jwks(self) -> dict[str, Any]:
        """The current JWKS, even while the scenario makes it unreachable."""
        return self._webhooks.signing_keys.jwks(self._clock.now())

    def publish(self, jwks: Any) -> dict[str, Any]:
        """Change how the keys are published; the value is that of ``jwks`` in a scenario.

        For example ``"down"`` or ``{"delay": "20s"}``. Raises SettingError for an invalid value.
        """
        from fakefal.scenario.compiler.webhooks import compile_jwks  # both pull in pydantic
        from fakefal.scenario.files.loader import load_data

        try:
            loaded = load_data({"fakefal": 1, "jwks": jwks}, "jwks")
        except ScenarioError as error:
            raise SettingError("\n".join(map(str, error.problems))) from None
        self._webhooks.signing_keys.publish_as(
            compile_jwks(loaded.scenario.jwks), self._clock.now()
        )
        return self.jwks()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old key is no longer published."""
        self._webhooks.signing_keys.rotate()
