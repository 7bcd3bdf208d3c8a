"""The routes beside the picos': about the engine itself."""

from __future__ import annotations

from ..http import Operation

GUARDED = (401, 403)  # no token where one is needed; a page or a name that is not ours

API_OPERATIONS = (
    Operation(
        "ui-context",
        "/api/ui-context",
        ("GET",),
        "Where to start: version and UI channel of the root pico.",
        "The engine's version and an ECI.",
        GUARDED,
        takes_body=False,
    ),
    Operation(
        "flush",
        "/api/flush",
        ("GET", "POST", "PUT", "PATCH", "DELETE"),
        "Fetch a ruleset again and let every pico that has it use the new text.",
        "What was compiled.",
        (*GUARDED, 400, 409, 413, 422, 502, 503),
    ),
    Operation(
        "follow-events",
        "/api/v1/events/stream",
        ("GET",),
        "Every event that finishes from now on, as server-sent events; the stream has no end.",
        "`event`s, each with all about one event, and `dropped` with how many a slow reader has missed.",
        (*GUARDED, 400, 404),
        takes_body=False,
    ),
    Operation(
        "list-events",
        "/api/v1/events",
        ("GET",),
        "Finished events, oldest first: of one pico from its log, or the latest of all picos since the start.",
        "A page of them, and where the next one begins.",
        (*GUARDED, 400, 404),
        takes_body=False,
    ),
    Operation(
        "show-event",
        "/api/v1/events/{eid}",
        ("GET",),
        "What became of an event: rule by rule, what it changed, sent and answered.",
        "All that is known.",
        (*GUARDED, 404),
        takes_body=False,
    ),
    Operation(
        "show-pico",
        "/api/v1/picos/{id}",
        ("GET",),
        "A pico, named by its id or an ECI of it.",
        "Its family, channels, rulesets, and what it has to do.",
        (*GUARDED, 404),
        takes_body=False,
    ),
    Operation(
        "list-rulesets",
        "/api/v1/rulesets",
        ("GET",),
        "The rulesets that this engine knows, by URL.",
        "Each with its rid, the hash of its text, and since when that has been its text.",
        GUARDED,
        takes_body=False,
    ),
    Operation(
        "openapi",
        "/api/openapi.json",
        ("GET",),
        "This document.",
        "An OpenAPI 3.1 document.",
        GUARDED,
        takes_body=False,
    ),
    Operation("healthz", "/healthz", ("GET",), "Whether the process answers.", "It does.", (), takes_body=False),
    Operation(
        "readyz",
        "/readyz",
        ("GET",),
        "Whether the engine takes events; 503 before its start is complete and while it stops.",
        "It does.",
        (),
        takes_body=False,
    ),
    Operation("metrics", "/metrics", ("GET",), "Counters for Prometheus.", "Text in its format.", (), takes_body=False),
)
