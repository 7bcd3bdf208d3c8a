"""What the AMQP transport can be told: one frozen record with the defaults that a new user gets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AmqpSettings:
    """How one engine talks to a RabbitMQ. Times in seconds."""

    url: str = ""  # amqp://user:password@host:port/vhost, or amqps:; empty: no AMQP
    name: str = "main"  # of this engine: its queue is `pico.events.in.<name>`
    prefetch: int = 32  # messages that have come and are not acknowledged yet
    high_water: int = 2000  # requests that wait in the engine: then no more messages are taken …
    low_water: int = 500  # … until it is only these
    reconnect_seconds: float = 5.0  # from one attempt to reach the broker to the next
    publish_seconds: float = 10.0  # for the broker to confirm a message
    heartbeat_seconds: int = 30  # a silent broker is gone after twice that
    ca_file: str = ""  # certificates that the broker's must lead to; empty: those that the system trusts
    cert_file: str = ""  # our certificate, if the broker wants one; with its key, or the key in `key_file`
    key_file: str = ""

    @property
    def on(self) -> bool:
        """Whether there is to be any AMQP."""
        return bool(self.url)
