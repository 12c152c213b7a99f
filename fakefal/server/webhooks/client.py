"""Posts a webhook once, to a checked address only, without redirects, proxies or cookies."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from pathlib import Path

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from fakefal.engine.webhooks.allowlist import WebhookAllowlist
from fakefal.engine.webhooks.deliveries import EXCERPT_CHARACTERS, DeliveryResult
from fakefal.errors import FakefalError
from fakefal.server.webhooks.trust import TrustStore

_CONNECTIONS = 100
_EXCERPT_BYTES = EXCERPT_CHARACTERS * 4


class BlockedTarget(Exception):
    """A name resolved to an address that webhooks must not be sent to."""


class WebhookClient:
    """The HTTP client for all webhooks of a server.

    ``allow`` lists permitted receivers; ``home`` is the folder of the local CA, which may have
    signed the certificates of https receivers.
    """

    def __init__(self, allow: Iterable[str], home: Path) -> None:
        self._targets = WebhookAllowlist(allow)
        self._trust = TrustStore(home)
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> DeliveryResult:
        """Post a body; failures are returned, not raised. The caller sets the time limit."""
        try:
            target = URL(url)
            reason = self._targets.reason_blocked(target.scheme, target.raw_host or "")
            if reason:
                return DeliveryResult(failure=reason, kind="refused")
            return await self._send(target, dict(headers), body)
        except BlockedTarget as error:
            return DeliveryResult(failure=str(error), kind="refused")
        except aiohttp.InvalidURL:
            return DeliveryResult(failure="invalid URL", kind="refused")
        except (aiohttp.ClientError, OSError) as error:  # some are ValueErrors as well
            return DeliveryResult(failure=_describe_failure(error), kind="failed")
        except ValueError as error:
            return DeliveryResult(failure=f"invalid URL: {error}", kind="refused")
        except FakefalError as error:
            return DeliveryResult(failure=str(error), kind="failed")

    async def _send(self, target: URL, headers: dict[str, str], body: bytes) -> DeliveryResult:
        if self._session is None:
            self._session = _new_session(self._targets)
        verified = self._trust.context() if target.scheme == "https" else True
        async with self._session.post(
            target, data=body, headers=headers, allow_redirects=False, ssl=verified
        ) as response:
            excerpt = bytearray()
            while len(excerpt) < _EXCERPT_BYTES and not response.content.at_eof():
                excerpt += await response.content.read(_EXCERPT_BYTES - len(excerpt))
            text = excerpt.decode("utf-8", "replace")[:EXCERPT_CHARACTERS]
            return DeliveryResult(response.status, text)

    async def close(self) -> None:
        """Close all connections to receivers."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class _CheckedResolver(ThreadedResolver):
    """Rejects names that resolve to forbidden addresses; checking the connected address itself
    also defeats DNS rebinding."""

    def __init__(self, targets: WebhookAllowlist) -> None:
        super().__init__()
        self._targets = targets

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        results = await super().resolve(host, port, family)
        for result in results:
            reason = self._targets.reason_address_blocked(host, result["host"])
            if reason:
                raise BlockedTarget(reason)
        return results


def _new_session(targets: WebhookAllowlist) -> aiohttp.ClientSession:
    """A session that resolves names anew for each connection and ignores proxy variables.

    It sends no User-Agent. Source: recorded (docs/reference/webhooks.md#headers).
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_CheckedResolver(targets), use_dns_cache=False, limit=_CONNECTIONS
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent",),
        trust_env=False,
        auto_decompress=False,
    )


def _describe_failure(error: Exception) -> str:
    """Why no response came, in one line and without memory addresses of objects."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "unknown host name"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = _tls_reason(error.certificate_error)
        return f"the receiver's certificate is not trusted: {reason}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"TLS handshake failed: {_tls_reason(error.os_error)}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {error.os_error.strerror or error.os_error}"
    if isinstance(error, (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        return "the receiver closed the connection without a response"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the receiver closed the connection during its response"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the receiver does not speak HTTP: {error.message.splitlines()[0]}"
    return str(error) or type(error).__name__


def _tls_reason(error: Exception) -> str:
    """OpenSSL's reason, without error codes and source lines."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return str(error) or type(error).__name__
