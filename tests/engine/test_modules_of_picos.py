"""Rulesets of picos: modules and their users, texts that change, sources that differ, rulesets that are broken."""

from __future__ import annotations

from contextlib import suppress

import pytest

from engine import Conflict, RuleFailed, RulesetRefused, Settings
from tests.engine.homes import Home

GREETER = """ruleset greeter {{
  meta {{ configure using greeting = "hello"  provides greet, count_up, at_load  shares own }}
  global {{
    greet = function(name) {{ <<#{{greeting}}{mark} #{{name}}>> }}
    count_up = defaction() {{ send_directive("counted") }}
    at_load = "loaded{mark}"
    own = function() {{ ent:n }}
  }}
  rule own {{ select when x own fired {{ ent:n := "greeter's" }} }}
}}"""
USER = """ruleset {rid} {{
  meta {{ use module greeter alias g {configuration}  provides greet  shares greet, at_load, own }}
  global {{
    greet = function(name) {{ g:greet(name) }}
    at_load = function() {{ loaded }}
    loaded = g:at_load
    own = function() {{ ent:n }}
  }}
  rule act {{ select when x act g:count_up() }}
}}"""


def greeter(mark=""):
    return GREETER.format(mark=mark)


def user(rid="user", configuration=""):
    return USER.format(rid=rid, configuration=configuration)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "krl").mkdir()
    return tmp_path / "krl"


@pytest.fixture
def settings(folder):
    return Settings(file_folders=(str(folder),))


def publish(folder, name, source):
    """Write the source under a URL; the URL."""
    (folder / name).write_text(source)
    return (folder / name).as_uri()


async def install_from(pico, url, **config):
    await pico.tell_ui("install", url=url, config=config)


async def greeting(pico, rid="user"):
    return await pico.query(rid, "greet", name="Ada")


# --- modules and their users -----------------------------------------------------------------------------------------


async def test_a_module_has_the_configuration_that_its_user_gives_it(pico):
    await pico.install(greeter())
    for rid, configuration in (("plain", ""), ("warm", 'with greeting = "dear"')):
        await pico.install(user(rid, configuration))

    assert (await greeting(pico, "plain"), await greeting(pico, "warm")) == ("hello Ada", "dear Ada")


async def test_one_ruleset_can_use_a_module_twice_with_two_configurations(pico):
    await pico.install(greeter())
    await pico.install("""ruleset both {
      meta { use module greeter alias a with greeting = "one"
             use module greeter alias b with greeting = "two"
             shares greet }
      global { greet = function(name) { [a:greet(name), b:greet(name)] } } }""")

    assert await greeting(pico, "both") == ["one Ada", "two Ada"]


async def test_an_action_of_a_module_acts_for_the_rule_that_uses_it(pico):
    await pico.install(greeter())
    await pico.install(user())

    [directive] = (await pico.send("x", "act")).directives

    assert (directive["name"], directive["meta"]["rid"], directive["meta"]["rule_name"]) == ("counted", "user", "act")


async def test_entity_variables_of_a_module_are_its_own(pico):
    await pico.install(greeter())
    await pico.install(user())

    await pico.send("x", "own")

    assert (await pico.query("greeter", "own"), await pico.query("user", "own")) == ("greeter's", None)


async def test_a_module_that_is_not_on_the_pico_is_named(pico, root):
    await root.install(greeter())

    with pytest.raises(RuleFailed, match="Module not found: greeter"):
        await pico.install(user())


async def test_a_module_that_nobody_has_is_named(pico):
    with pytest.raises(RuleFailed, match="Dependant module not loaded: greeter"):
        await pico.install(user())


async def test_a_used_module_cannot_be_uninstalled(pico):
    await pico.install(greeter())
    await pico.install(user())

    with pytest.raises(RuleFailed, match="Cannot uninstall greeter because user depends on it"):
        await pico.tell_ui("uninstall", rid="greeter")


@pytest.mark.parametrize(
    ("uses", "cycle"),
    [({"a": "b", "b": "a"}, "a -> b -> a"), ({"a": "b", "b": "c", "c": "a"}, "a -> b -> c -> a")],
)
async def test_rulesets_that_use_each_other_in_a_circle_are_refused(pico, uses, cycle):
    for rid in uses:
        await pico.install(f"ruleset {rid} {{ }}")
    *first, last = reversed(uses)
    for rid in first:
        await pico.install(f"ruleset {rid} {{ meta {{ use module {uses[rid]} alias m }} }}")

    with pytest.raises(RuleFailed, match=f"Dependency Cycle Found: {cycle}"):
        await pico.install(f"ruleset {last} {{ meta {{ use module {uses[last]} alias m }} }}")


# --- texts that change -----------------------------------------------------------------------------------------------


async def test_a_new_text_of_a_module_reaches_its_users_when_it_is_installed_again(pico):
    await pico.install(greeter())
    await pico.install(user())

    await pico.install(greeter("!"))

    assert await greeting(pico) == "hello! Ada"


async def test_a_new_text_reaches_every_pico_that_follows_its_url(root, folder):
    url = publish(folder, "greeter.krl", greeter())
    picos = [await root.child(name) for name in ("one", "two")]
    for pico in picos:
        await install_from(pico, url)
        await pico.install(user())

    publish(folder, "greeter.krl", greeter("!"))
    await root.engine.flush(url)

    assert [await greeting(pico) for pico in picos] == ["hello! Ada"] * 2


async def test_a_flush_by_a_rule_reaches_the_users_on_its_own_pico(pico, folder):
    url = publish(folder, "greeter.krl", greeter())
    await install_from(pico, url)
    await pico.install(user())
    await pico.install('ruleset flusher { rule r { select when x flush ctx:flush(event:attrs{"url"}) } }')

    publish(folder, "greeter.krl", greeter("!"))
    await pico.send("x", "flush", url=url)

    assert await greeting(pico) == "hello! Ada"


async def test_a_new_text_reaches_the_users_of_its_users(pico, folder):
    url = publish(folder, "greeter.krl", greeter())
    await install_from(pico, url)
    await pico.install(user("middle"))
    await pico.install("""ruleset top { meta { use module middle alias m  shares greet }
      global { greet = function(name) { m:greet(name) } } }""")

    publish(folder, "greeter.krl", greeter("!"))
    await pico.engine.flush(url)

    assert await greeting(pico, "top") == "hello! Ada"


async def test_what_a_user_computed_from_a_module_is_computed_again(pico, folder):
    """The Node engine keeps the old value."""
    url = publish(folder, "greeter.krl", greeter())
    await install_from(pico, url)
    await pico.install(user())

    publish(folder, "greeter.krl", greeter("!"))
    await pico.engine.flush(url)

    assert await pico.query("user", "at_load") == "loaded!"


@pytest.mark.fault(42)
async def test_a_new_text_keeps_state_and_configuration(pico, folder):
    url = publish(folder, "greeter.krl", greeter())
    await install_from(pico, url, color="red")
    await pico.send("x", "own")

    publish(folder, "greeter.krl", greeter("!"))
    await pico.engine.flush(url)

    [config] = [each["config"] for each in (await pico.ask_ui("pico"))["rulesets"] if each["rid"] == "greeter"]
    assert (await pico.query("greeter", "own"), config) == ("greeter's", {"color": "red"})


async def test_a_new_text_is_an_entry_of_the_picos_own_log(pico, folder):
    url = publish(folder, "greeter.krl", greeter())
    await install_from(pico, url)

    publish(folder, "greeter.krl", greeter("!"))
    await pico.engine.flush(url)
    await pico.send("x", "y")

    events = pico.engine.reports.events(pico=pico.eci)["events"][-2:]
    assert [(each["domain"], each["type"]) for each in events] == [("engine", "ruleset_updated"), ("x", "y")]


# --- one rid, two sources --------------------------------------------------------------------------------------------


async def test_one_rid_from_two_urls_is_two_rulesets(root, folder):
    """In the Node engine the second install replaced the first pico's code."""
    source = "ruleset twin {{ meta {{ shares which }} global {{ which = function() {{ {} }} }} }}"
    picos = [await root.child(name) for name in ("one", "two")]
    for number, pico in enumerate(picos):
        await install_from(pico, publish(folder, f"twin{number}.krl", source.format(number)))

    assert [await pico.query("twin", "which") for pico in picos] == [0, 1]


async def test_one_rid_from_two_texts_is_two_rulesets(root):
    source = "ruleset twin {{ meta {{ shares which }} global {{ which = function() {{ {} }} }} }}"
    picos = [await root.child(name) for name in ("one", "two")]
    for number, pico in enumerate(picos):
        await pico.install(source.format(number))

    assert [await pico.query("twin", "which") for pico in picos] == [0, 1]


async def test_the_other_source_of_a_rid_does_not_come_with_a_flush(root, folder):
    source = "ruleset twin {{ meta {{ shares which }} global {{ which = function() {{ {} }} }} }}"
    one, two = [await root.child(name) for name in ("one", "two")]
    await install_from(one, publish(folder, "one.krl", source.format(1)))
    url = publish(folder, "two.krl", source.format(2))
    await install_from(two, url)

    publish(folder, "two.krl", source.format(3))
    await root.engine.flush(url)

    assert [await pico.query("twin", "which") for pico in (one, two)] == [1, 3]


async def test_a_module_is_the_one_that_is_on_the_same_pico(root, folder):
    picos = [await root.child(name) for name in ("one", "two")]
    for mark, pico in zip("?!", picos, strict=True):
        await install_from(pico, publish(folder, f"greeter{ord(mark)}.krl", greeter(mark)))
        await pico.install(user())

    assert [await greeting(pico) for pico in picos] == ["hello? Ada", "hello! Ada"]


# --- broken rulesets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["ruleset a { rule", 'ruleset a { global { x = 1 - "one" } }'])
async def test_a_ruleset_that_does_not_load_is_not_installed(pico, broken):
    with pytest.raises(RuleFailed):
        await pico.install(broken)

    assert "a" not in [each["rid"] for each in (await pico.ask_ui("pico"))["rulesets"]]


@pytest.mark.parametrize(
    "broken", ["ruleset greeter { rule", 'ruleset greeter { global { x = 1 - "one" } }', "ruleset b {}"]
)
@pytest.mark.fault(43)
async def test_a_new_text_that_does_not_load_leaves_the_last_good_one_in_force(pico, folder, broken):
    url = publish(folder, "greeter.krl", greeter())
    await install_from(pico, url)
    await pico.install(user())

    publish(folder, "greeter.krl", broken)
    with suppress(RulesetRefused):  # the first at once; the others by the pico that would take them
        await pico.engine.flush(url)

    assert await greeting(pico) == "hello Ada"


async def test_the_last_good_text_is_in_force_after_a_restart_too(tmp_path, clock, folder):
    home = Home(tmp_path / "home.db", clock, file_folders=(str(folder),))
    url = publish(folder, "greeter.krl", greeter())
    async with home.root() as root:
        await install_from(root, url)
        publish(folder, "greeter.krl", 'ruleset greeter { global { x = 1 - "one" } }')
        await root.engine.flush(url)

    async with home.root() as root:
        await root.install(user())

        assert await greeting(root) == "hello Ada"


@pytest.mark.fault(43)
async def test_an_engine_starts_with_a_ruleset_that_does_not_load_any_more(tmp_path, clock):
    """The others of its pico go on; the broken one is told, and works again when it can."""
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install("""ruleset moody { meta { shares mood }
          global { mood = function() { 1 - ent:n } at_load = 1 - ent:n.defaultsTo(0) }
          rule r { select when x spoil fired { ent:n := event:attrs{"n"} } } }""")
        await root.install('ruleset steady { rule r { select when x spoil send_directive("steady") } }')
        await root.send("x", "spoil", n="one")

    async with home.root() as root:
        [broken] = root.engine.reports.broken()

        assert await root.directives("x", "spoil") == ["steady"]
        assert (broken["rid"], "cannot be subtracted" in broken["error"]) == ("moody", True)


async def test_a_quarantined_ruleset_works_again_with_a_better_text(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install("""ruleset moody { global { at_load = 1 - ent:n.defaultsTo(0) }
          rule r { select when x spoil fired { ent:n := "one" } } }""")
        await root.send("x", "spoil")

    async with home.root() as root:
        await root.install("ruleset moody { meta { shares n } global { n = function() { ent:n } } }")

        assert await root.query("moody", "n") == "one"


async def test_an_engine_starts_with_a_stored_text_that_does_not_compile_any_more(tmp_path, clock):
    """As after an upgrade to a compiler that is stricter."""
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install('ruleset a { rule r { select when x y send_directive("a") } }')
        await root.install('ruleset b { rule r { select when x y send_directive("b") } }')
        [hash] = [row.hash for row in home.store.registry() if row.rid == "a"]
    with home.database() as database:
        database.execute("UPDATE ruleset SET source = 'ruleset a { rule' WHERE hash = ?", [hash])

    async with home.root() as root:
        assert await root.directives("x", "y") == ["b"]
        assert [each["rid"] for each in root.engine.reports.broken()] == ["a"]


async def test_rulesets_that_use_each_other_in_a_circle_are_told_and_do_not_end_the_engine(tmp_path, clock):
    """Two picos that change two modules at one moment may make one, though neither of them would alone."""
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        for rid, other in (("a", "b"), ("b", "a")):
            await root.install(f"ruleset {rid} {{ }}")
            await root.install(f'ruleset {rid} {{ rule {other} {{ select when x y send_directive("{rid}") }} }}')
        hashes = {row.rid: row.hash for row in home.store.registry()}
    with home.database() as database:
        for rid, other in (("a", "b"), ("b", "a")):
            source = f"ruleset {rid} {{ meta {{ use module {other} alias m }} }}"
            database.execute("UPDATE ruleset SET source = ? WHERE hash = ?", [source, hashes[rid]])

    async with home.root() as root:
        assert sorted(each["rid"] for each in root.engine.reports.broken()) == ["a", "b"]


async def test_a_flush_of_a_url_that_stands_for_another_rid_is_told_apart(pico, folder):
    url = publish(folder, "a.krl", 'ruleset a { rule r { select when x y send_directive("a") } }')
    await install_from(pico, url)

    publish(folder, "a.krl", 'ruleset b { rule r { select when x y send_directive("b") } }')
    await pico.engine.flush(url)

    assert await pico.directives("x", "y") == ["a"]


async def test_a_cycle_that_the_registry_would_make_is_refused_at_the_flush(pico, folder):
    a = publish(folder, "a.krl", "ruleset a { }")
    b = publish(folder, "b.krl", "ruleset b { meta { use module a alias m } }")
    for url in (a, b):
        await install_from(pico, url)

    publish(folder, "a.krl", "ruleset a { meta { use module b alias m } }")
    with pytest.raises(Conflict, match="Dependency Cycle Found: a -> b -> a"):
        await pico.engine.flush(a)
