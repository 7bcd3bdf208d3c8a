"""The page at `/`: what this is, the root pico, and how to send a first event.

The root's UI channel is a capability, so the page does not contain it: its script asks `/api/ui-context`, which
pages of other sites cannot.
"""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>picoengine</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ background: rgb(128 128 128 / 12%); padding: .75rem 1rem; overflow-x: auto }}
</style>
<h1>picoengine</h1>
<p>This is a pico engine, version {version}: a server for picos, small persistent objects that answer events by rules
written in KRL.</p>
<p>Root pico: <span id="root">asking …</span></p>
<noscript><p>Without JavaScript: <code>picoengine tree</code> shows the picos of this engine.</p></noscript>
<h2>A first event</h2>
<pre>eci=$(curl -s {url}/api/ui-context | sed 's/.*"eci":"\\([^"]*\\)".*/\\1/')
curl -s -X POST "{url}/c/$eci/event-wait/engine_ui/new" \\
     -H 'Content-Type: application/json' -d '{{"name": "My first pico"}}'</pre>
<p>The root now has a child: see the tree again, or run <code>picoengine tree</code>.</p>
<h2>Read on</h2>
<ul>
<li><a href="/api/openapi.json">/api/openapi.json</a>: every route of this engine, as an OpenAPI document</li>
<li><a href="/metrics">/metrics</a>, <a href="/readyz">/readyz</a>: how it is doing</li>
<li><code>picoengine --help</code>: install rulesets, send events, ask queries from the command line</li>
<li><a href="https://picolabs.atlassian.net/wiki/spaces/docs/overview">Picolabs</a>: KRL and picos, explained by their
inventors</li>
</ul>
<script src="/welcome.js"></script>
</html>
"""

SCRIPT = """"use strict";
const root = document.getElementById("root");
async function ask(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(response.status === 401 || response.status === 403
    ? "shown only to those who have this engine's token" : "no answer");
  return response.json();
}
async function show() {
  const context = await ask("/api/ui-context");
  const path = "/c/" + encodeURIComponent(context.eci) + "/query/io.picolabs.pico-engine-ui/box";
  const box = await ask(path);
  const link = document.createElement("a");
  link.href = path;
  link.textContent = box.name || "Pico";
  const children = (box.children || []).length;
  root.replaceChildren(link, ` (UI channel ${context.eci}, ${children} ${children === 1 ? "child" : "children"})`);
}
show().catch(error => { root.textContent = error.message; });
"""


def page(version: str, base_url: str) -> str:
    """The page as HTML."""
    return _PAGE.format(version=escape(version), url=escape(base_url.rstrip("/")))
