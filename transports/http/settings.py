"""What the HTTP transport can be told: one frozen record with the defaults that a new user gets."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How one engine is reached by HTTP. Sizes in bytes, times in seconds."""

    host: str = "127.0.0.1"  # the address to listen on
    port: int = 3000  # 0: any free one
    allowed_hosts: tuple[str, ...] = ()  # further names by which browsers may reach /api
    cors_origins: tuple[str, ...] = ("*",)  # whose pages may read answers of /c and /sky
    token: str = ""  # opens /api where the engine listens beyond loopback
    legacy_status: bool = False  # errors are 200 with a lone member `error`, as in the Node engine
    max_head_bytes: int = 64 * 1024  # of a request line and its headers
    head_seconds: float = 10.0  # a request's head must be complete within; also a new connection's first one
    body_seconds: float = 60.0  # from its head on, a request's body
    keep_alive_seconds: int = 30  # an idle connection stays open
    stop_seconds: int = 10  # what is under way may take so long to finish when the engine stops
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-For and X-Forwarded-Proto are believed

    @property
    def loopback_only(self) -> bool:
        """Whether only programs of this machine can connect."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether the name or address means this machine alone."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
