"""The engine's only network client: one request goes out, one answer comes in.

Redirects follow the rules of the Fetch standard, which the Node engine's client keeps, too; they are not those of
httpx2 (a PUT that is answered 302 stays a PUT). An answer has an end: in time, in size and in redirects. Where
private networks are closed to rules, a name is resolved here, its addresses are checked, and the connection goes to
a checked address: the name is not resolved a second time, when it could mean something else.

Each request has a connection of its own. One kept open may be closed by the other side just when it is used again,
and a POST that fails so cannot simply be repeated.

Source: docs/modules.md, "http"; https://fetch.spec.whatwg.org/#http-redirect-fetch
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from ..errors import Exhausted, SourceUnavailable
from ..means import is_exhausted

if TYPE_CHECKING:
    from ssl import SSLContext

    from httpx2 import URL, AsyncClient, Response

# httpx2 is imported where it is used: it takes a quarter of a second, and an engine may never need it.

USER_AGENT = "pico-engine-core-http"
NOT_MODIFIED = 304

_NAT64 = IPv6Network("64:ff9b::/96")
_USER = re.compile(r"^(\w+://)[^/?#]*@")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OF_THE_BODY = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "transfer-encoding"}
)
_OF_THE_ORIGIN = frozenset({"authorization", "cookie", "host", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class WebRequest:
    """What to ask. Header names are in lower case."""

    method: str  # in upper case
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    follow: bool = True  # go where a redirect points, or return it as the answer
    private: frozenset[str] = frozenset()  # further headers that are meant for this origin only
    seconds: float | None = None  # how long to wait, if not as long as usual


@dataclass(frozen=True, slots=True)
class WebLimits:
    """What an answer may cost."""

    seconds: float = 10.0  # from the first step to the last byte, redirects included
    max_bytes: int = 16 * 1024 * 1024  # of the body, after decompression
    max_redirects: int = 20
    private_networks: bool = True  # may addresses be reached that are not public?


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What came back; any status is an answer."""

    status: int
    reason: str  # the phrase behind the status
    headers: Mapping[str, str]  # names in lower case, repeated ones joined by ", "
    body: bytes  # decompressed
    url: str  # where the answer came from, after redirects


class WebFailed(Exception):
    """There was no answer, or none that is acceptable: `request to URL failed, reason: …`."""

    def __init__(self, url: str, reason: str, *, passing: bool = True) -> None:
        """`passing`: the same request may be answered another time."""
        super().__init__(f"request to {url} failed, reason: {reason}")
        self.url = url
        self.reason = reason
        self.passing = passing


async def fetch(request: WebRequest, limits: WebLimits) -> WebAnswer:
    """The answer to the request, within the limits. Raises WebFailed; Exhausted if it is we who cannot ask now."""
    try:
        async with asyncio.timeout(limits.seconds):
            return await _follow(request, limits)
    except TimeoutError as error:
        raise WebFailed(_shown(request.url), f"no answer within {limits.seconds:g} s") from error
    except (_Failure, OSError, RuntimeError) as error:  # OSError: the client itself could not be imported
        if is_exhausted(error):
            raise Exhausted(f"{_shown(request.url)} cannot be asked: {error}") from error
        if isinstance(error, _Failure):
            raise WebFailed(_shown(request.url), str(error), passing=error.passing) from error
        raise


async def source(
    url: str,
    headers: Mapping[str, str],
    limits: WebLimits,
    ask: Callable[[WebRequest], Awaitable[WebAnswer]] | None = None,
) -> WebAnswer:
    """The answer that has the text at the URL, or says that it is still the one that `if-none-match` names (304).

    The headers, names in lower case, go to no other origin; `ask` takes the place of the network. Raises
    SourceUnavailable if there is no such answer.
    """
    try:
        request = WebRequest("GET", url, headers, private=frozenset(headers))
        answer = await (fetch(request, limits) if ask is None else ask(request))
    except WebFailed as error:
        raise SourceUnavailable(str(error), passing=error.passing) from error
    if not (200 <= answer.status < 300 or (answer.status == NOT_MODIFIED and "if-none-match" in headers)):
        raise SourceUnavailable(f"Got a statusCode={answer.status} for: {_shown(url)}", kind="Error")
    return answer


class _Failure(Exception):
    """Why there is no answer; `fetch` adds to what."""

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.passing = passing


async def _follow(request: WebRequest, limits: WebLimits) -> WebAnswer:
    import httpx2

    try:
        async with httpx2.AsyncClient(verify=_certificates(), trust_env=False, timeout=None) as client:
            for _ in range(limits.max_redirects + 1):
                answer = await _ask(client, request, limits)
                target = answer.headers.get("location")
                if not request.follow or answer.status not in _REDIRECTS or target is None:
                    return answer
                request = redirected(request, answer.status, target)
    except (httpx2.HTTPError, OSError) as error:
        passing = not isinstance(error, httpx2.UnsupportedProtocol)
        raise _Failure(str(error) or type(error).__name__, passing=passing) from error
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise _Failure(str(error) or type(error).__name__) from error
    raise _Failure(f"more than {limits.max_redirects} redirects")


def redirected(request: WebRequest, status: int, target: str) -> WebRequest:
    """The request that follows a redirect to `target`, which may be relative."""
    import httpx2

    here = httpx2.URL(request.url)
    there = here.join(target)
    headers = dict(request.headers)
    method, body = request.method, request.body
    if (status == 303 and method not in ("GET", "HEAD")) or (status in (301, 302) and method == "POST"):
        method, body = "GET", None
        headers = _without(headers, _OF_THE_BODY)
    if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        headers = _without(headers, _OF_THE_ORIGIN | request.private)  # whom the secrets were meant for
    return replace(request, method=method, url=str(there), headers=headers, body=body)


def _without(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


async def _ask(client: AsyncClient, request: WebRequest, limits: WebLimits) -> WebAnswer:
    """One exchange, redirects not followed."""
    import httpx2

    url = httpx2.URL(request.url)
    if url.scheme not in ("http", "https") or not url.host:
        raise _Failure("only http and https URLs are fetched")
    headers = {
        "host": url.netloc.decode("ascii"),
        "user-agent": USER_AGENT,
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "connection": "close",
        **request.headers,
    }
    wire = [(name.encode(), value.encode()) for name, value in headers.items()]
    refused: httpx2.ConnectError | None = None
    for place in await _places(url, limits):
        sent = httpx2.Request(request.method, place, headers=wire, content=request.body)
        sent.extensions["sni_hostname"] = url.host  # the certificate is the name's, not the address's
        try:
            response = await client.send(sent, stream=True)
        except httpx2.ConnectError as error:
            refused = error
            continue
        try:
            return await _answer(response, request.url, limits)
        finally:
            await response.aclose()
    raise refused or _Failure("the name has no address", passing=True)


async def _answer(response: Response, url: str, limits: WebLimits) -> WebAnswer:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limits.max_bytes:
            raise _Failure(f"the answer is longer than {limits.max_bytes} bytes")
    return WebAnswer(response.status_code, response.reason_phrase, dict(response.headers), bytes(body), url)


# --- where to connect -------------------------------------------------------------------------------------


async def _places(url: URL, limits: WebLimits) -> list[URL]:
    """The URL itself; or, where private networks are closed, the URL with each of its public addresses for a host."""
    if limits.private_networks:
        return [url]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not is_public(address):
            # One is enough: a name that means both is made to get in.
            raise _Failure(f"{url.host} is in a private network ({address}), which rules may not reach")
    return [url.copy_with(host=address) for address in addresses]


def is_public(address: str) -> bool:
    """Whether the address is one of the public internet, also when IPv6 only wraps it."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = _unwrapped(found)
    return found.is_global and not found.is_multicast and not found.is_reserved


def _unwrapped(address: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that this one leads to, if it does: mapped, by 6to4, or through a NAT64 gateway."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


@cache
def _certificates() -> SSLContext:
    """Whom we trust; reading that takes longer than most requests."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=False)


def _shown(url: str) -> str:
    """The URL without the name and password that it may hold."""
    return _USER.sub(r"\1", url)
