"""AMQP 0-9-1: events come from a queue of RabbitMQ, events and directives go to its exchanges.

`transport` is found by its entry point and joins the rest; `link` holds the connection, `topology` what is declared,
`consumer` takes messages in, `publisher` sends them; `keys`, `message` and `decode` understand them.
"""

from .settings import AmqpSettings

__all__ = ["AmqpSettings"]
