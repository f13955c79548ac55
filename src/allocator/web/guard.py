"""What stands before every page: the names the desk answers to, limits, headers, and whose session it is."""

from __future__ import annotations

import hmac
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from threading import Lock
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "desk"
MOST_UPLOAD = 80_000_000  # bytes of a request
_MOST_FORM = 2_000_000
_SAFE = ("GET", "HEAD")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class Guard:
    """Refuses foreign hosts and origins and requests that are too large, and sets the headers of every answer.

    A length that a request states is not believed: what arrives is counted.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self.app, self.hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        request = Request(scope)
        refused = self._refused(request)
        if refused is not None:
            await refused(scope, receive, _with_headers(send))
            return
        most = MOST_UPLOAD if request.headers.get("content-type", "").startswith("multipart/") else _MOST_FORM
        counted = 0
        too_large = False

        async def limited() -> Message:
            nonlocal counted, too_large
            message = await receive()
            counted += len(message.get("body", b""))
            if counted > most:
                too_large = True
                return {"type": "http.disconnect"}
            return message

        started = False
        careful = _with_headers(send)

        async def answer(message: Message) -> None:
            nonlocal started
            if too_large and not started:
                started = True
                await PlainTextResponse("too large", 413)(scope, receive, careful)
            if not too_large:
                started = True
                await careful(message)

        try:
            await self.app(scope, limited, answer)
        except Exception:
            if not too_large:
                raise
            if not started:
                await PlainTextResponse("too large", 413)(scope, receive, careful)

    def _refused(self, request: Request) -> PlainTextResponse | None:
        host = request.headers.get("host", "").rsplit(":", 1)[0].strip("[]").lower()
        if host not in self.hosts:
            return PlainTextResponse("this desk does not answer to that name", 421)
        if request.method not in _SAFE:
            origin = request.headers.get("origin")
            if (
                origin not in (None, "null")
                and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
            ):
                return PlainTextResponse("a request from another site", 403)
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return PlainTextResponse("a request from another site", 403)
            if request.method != "POST":
                return PlainTextResponse("no such method", 405)
        return None


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", [])}
            extra = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in given]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return answer


class Rate:
    """At most so many attempts in so many seconds for each key, such as an address that logs in."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._seen: dict[str, deque[float]] = defaultdict(deque)
        self._lock = Lock()

    def allows(self, key: str) -> bool:
        """Count an attempt, and say whether it may be made."""
        at = time.monotonic()
        with self._lock:
            if len(self._seen) > _MOST_KEYS:
                self._seen.clear()
            seen = self._seen[key]
            while seen and at - seen[0] > self.seconds:
                seen.popleft()
            if len(seen) >= self.most:
                return False
            seen.append(at)
            return True


_MOST_KEYS = 10_000


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell how far they are."""
    return hmac.compare_digest(one.encode(), other.encode())
