"""About the engine itself, over HTTP: its context, health, metrics and description, and the page at `/`.

rest = application(engine, http_settings, metrics)
"""

from .endpoints import application
from .metrics import Count, Gauge, Metrics
from .openapi import document

__all__ = ["Count", "Gauge", "Metrics", "application", "document"]
