"""Reading a catalog: each mistake names its file, line and key; the shipped one holds promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from messaging.consumer import retry_delay
from mqscaffold.catalog.expression import Expression, attempts, pauses
from mqscaffold.catalog.load import Catalog, load
from mqscaffold.catalog.model import Setting
from mqscaffold.catalog.source import CatalogError, Source

SHIPPED = load()

# A whole catalog, as small as one can be: each test changes one line of it.
SMALL = {
    "patterns.toml": """\
[tasks]
title = "Tasks"
says = "Hands out tasks."
topology = "line"
features = ["calm"]
""",
    "topologies.toml": """\
[line]
says = "A line of messages."
usual = "native"
slots = ["queue"]
entry = "queue"
[line.processes]
producer = { sends = ["entry"] }
consumer = { each = "queue", reads = ["queue"] }
""",
    "features.toml": """\
[calm]
says = "Nothing is rushed."
usual = "composed"
reason = "Here all is rushed."
instead = ["post"]
implies = ["slow"]
[calm.conflicts.fast]
why = "one excludes the other"
instead = "leave one out"

[slow]
says = "Slow."
usual = "native"

[fast]
says = "Fast."
usual = "native"
""",
    "rules.toml": """\
[some-wait]
needs = "wait < 1 * day"
when = "loud"
feature = "calm"
why = "a day is too long"
docs = "https://example.com/wait"
fix = "lower wait"
example = { wait = "2d" }
""",
    "services.toml": 'order = ["post"]\n',
    "services/post.toml": """\
title = "Post"
cloud = "town"
carrier = "line"
like = "letter"
families = ["post"]

[states]
calm = "refused"

[refusals.calm]
reason = "No."
instead = ["letter"]

[settings.calm]
wait = "5s"

[defaults]
loud = true

[slots.queue]
component = "Box"
each = "boxes"
args = { size = "@entry.size" }

[variants.fast]
if = "loud"
[variants.fast.states]
calm = "native"
""",
    "services/letter.toml": 'title = "Letter"\ncloud = "town"\ncarrier = "line"\n',
    "clouds/town.toml": """\
title = "Town"
[slots]
role = { component = "Box" }
""",
    "components/town.toml": """\
[Box]
file = "box"
outputs = { BOX_URL = "url" }
offers = { send = "send_policy" }
plain = ["size"]
[Box.args]
size = 3
wait_seconds = 0
[[Box.resources]]
type = "town:Box"
count = "1 * size"
""",
    "settings/post.toml": """\
[boxes]
type = "items"
default = { one = {} }
why = "How many."
docs = "https://example.com/boxes"
sets = ["items:boxes"]
example = ["one", "two"]

[wait]
type = "duration"
default = "=2 * second"
high = "5d"
when = "loud"
why = "How long."
docs = "https://example.com/wait"
sets = ["Box.wait_seconds", "setting:loud"]
example = "10s"

[loud]
type = "bool"
default = false
why = "How loudly."
docs = "https://example.com/loud"
sets = ["slot:queue", "files:loud"]
example = true
""",
    "prices.toml": """\
region = "here"
[monthly]
"town:Box" = 1.5
""",
}


def written(tmp_path: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = tmp_path / "blueprints" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def mistake(tmp_path: Path, file: str, old: str, new: str) -> CatalogError:
    """The error after ``old`` became ``new``, once, in one file of the small catalog."""
    assert SMALL[file].count(old) == 1, f"{old} is not once in {file}"
    root = written(tmp_path, {**SMALL, file: SMALL[file].replace(old, new)})
    with pytest.raises(CatalogError) as caught:
        load(root)
    assert len(caught.value.lines()) <= 4
    return caught.value


def test_the_small_catalog_is_read(tmp_path: Path) -> None:
    catalog = load(written(tmp_path, SMALL))
    assert catalog.services["post"].slots["queue"].component == "Box"
    assert [c.state for c in catalog.matrix] == ["refused", "native", "composed"]
    assert catalog.prices == {"town:Box": 1.5}


@pytest.mark.parametrize(
    ("file", "line", "where", "near"),
    [
        ("patterns.toml", 'titel = "x"', ":6, [tasks.titel]", "title"),
        ("topologies.toml", 'other = { raeds = ["queue"] }', ":9, [line.processes.other.raeds]",
         "reads"),
        ("rules.toml", 'wehn = "loud"', ":9, [some-wait.wehn]", "when"),
        ("settings/post.toml", 'exmaple = "x"', ":26, [loud.exmaple]", "example"),
        ("services.toml", "oder = []", ":2, [oder]", "order"),
        ("services/post.toml", '[variants.fast.staets]', ":29, [variants.fast.staets]",
         "states"),
        ("clouds/town.toml", "[slots.hub]\ncomponent = 'Box'\nscpoe = 1",
         ":6, [slots.hub.scpoe]", "scope"),
        ("components/town.toml", '[Lid]\nfiel = "lid"', ":13, [Lid.fiel]", "file"),
        ("prices.toml", "[montly]", ":4, [montly]", "monthly"),
    ],
)  # fmt: skip
def test_a_key_too_many(tmp_path: Path, file: str, line: str, where: str, near: str) -> None:
    root = written(tmp_path, {**SMALL, file: SMALL[file] + line + "\n"})
    with pytest.raises(CatalogError, match="unknown key ") as caught:
        load(root)
    assert caught.value.where == f"blueprints/{file}{where}"
    assert caught.value.near[0] == near


@pytest.mark.parametrize(
    ("file", "line", "said", "where"),
    [
        ("patterns.toml", 'says = "Hands out tasks."\n', "`says` is missing", ":1, [tasks]"),
        ("topologies.toml", 'usual = "native"\n', "`usual` is missing", ":1, [line]"),
        ("features.toml", 'why = "one excludes the other"\n', "`why` is missing",
         ":7, [calm.conflicts.fast]"),
        ("rules.toml", 'fix = "lower wait"\n', "`fix` is missing", ":1, [some-wait]"),
        ("rules.toml", 'example = { wait = "2d" }\n', "`example` is missing", ":1, [some-wait]"),
        ("settings/post.toml", 'why = "How long."\n', "`why` is missing", ":9, [wait]"),
        ("settings/post.toml", 'docs = "https://example.com/wait"\n', "`docs` is missing",
         ":9, [wait]"),
        ("settings/post.toml", 'sets = ["Box.wait_seconds", "setting:loud"]\n',
         "`sets` is missing", ":9, [wait]"),
        ("settings/post.toml", 'default = "=2 * second"\n', "`default` is missing", ":9, [wait]"),
        ("settings/post.toml", 'example = "10s"\n', "`example` is missing", ":9, [wait]"),
        ("services/post.toml", 'title = "Post"\n', "`title` is missing", ""),
        ("services/post.toml", 'component = "Box"\n', "`component` is missing",
         ":20, [slots.queue]"),
        ("services/post.toml", 'reason = "No."\n', "`reason` is missing", ":10, [refusals.calm]"),
        ("services/post.toml", 'if = "loud"\n', "`if` is missing", ":25, [variants.fast]"),
    ],
)  # fmt: skip
def test_a_key_too_few(tmp_path: Path, file: str, line: str, said: str, where: str) -> None:
    error = mistake(tmp_path, file, line, "")
    assert (error.message, error.where) == (said, f"blueprints/{file}{where}")


@pytest.mark.parametrize(
    ("file", "old", "new", "said", "where"),
    [
        ("patterns.toml", '["calm"]', '"calm"', "`features` has the wrong type",
         ":5, [tasks.features]"),
        ("patterns.toml", '["calm"]', "[1]", "`features` must be a list of strings",
         ":5, [tasks.features]"),
        ("patterns.toml", '"Tasks"', '" "', "`title` is empty", ":2, [tasks.title]"),
        ("patterns.toml", '"Tasks"', "true", "`title` has the wrong type", ":2, [tasks.title]"),
        ("topologies.toml", '"native"', '"natve"', "`usual` is native or composed or refused",
         ":3, [line.usual]"),
        ("features.toml", '"composed"', '"planned"', "`usual` is native or composed or refused",
         ":3, [calm.usual]"),
        ("settings/post.toml", 'type = "bool"', 'type = "boolean"', "`type` is bool or int or",
         ":20, [loud.type]"),
        ("settings/post.toml", 'example = "10s"', 'example = "10"',
         "example = 10 is not a duration", ":17, [wait.example]"),
        ("settings/post.toml", 'example = "10s"', 'example = "6d"',
         "example = 6d is above the range", ":17, [wait.example]"),
        ("settings/post.toml", 'default = false', 'default = "off-ish"',
         "default = off-ish is neither true nor false", ":21, [loud.default]"),
        ("settings/post.toml", 'high = "5d"', 'level = "region"',
         "`level` is project or host or flow or element", ":12, [wait.level]"),
        ("settings/post.toml", 'high = "5d"', 'pattern = "["', "`pattern` is no regular expression",
         ":12, [wait.pattern]"),
        ("services/post.toml", 'calm = "refused"', 'calm = "maybe"',
         "`calm` is native or composed or refused", ":8, [states.calm]"),
        ("services/post.toml", 'if = "loud"', 'if = "loud"\ncolumn = false',
         "what is no column of the matrix has no states or refusals",
         ":27, [variants.fast.column]"),
        ("services/post.toml", 'each = "boxes"', 'scope = "world"',
         "`scope` is flow or host or project", ":22, [slots.queue.scope]"),
        ("services/post.toml", 'wait = "5s"', 'wait = 5', "wait = 5 is not a duration",
         ":15, [settings.calm.wait]"),
        ("services/post.toml", 'loud = true', 'loud = "x"', "loud = x is neither true nor false",
         ":18, [defaults.loud]"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind(
    tmp_path: Path, file: str, old: str, new: str, said: str, where: str
) -> None:
    error = mistake(tmp_path, file, old, new)
    assert error.message.startswith(said)
    assert error.where == f"blueprints/{file}{where}"


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "near"),
    [
        ("patterns.toml", '"line"', '"lien"', ":4, [tasks.topology]", "line"),
        ("patterns.toml", '["calm"]', '["clam"]', ":5, [tasks.features]", "calm"),
        ("topologies.toml", 'entry = "queue"', 'entry = "queu"', ":5, [line.entry]", "queue"),
        ("topologies.toml", '["entry"]', '["enty"]', ":7, [line.processes.producer.sends]",
         "entry"),
        ("features.toml", '["slow"]', '["slwo"]', ":6, [calm.implies]", "slow"),
        ("features.toml", "conflicts.fast", "conflicts.fats", ":7, [calm.conflicts.fats]", "fast"),
        ("rules.toml", "wait < 1", "wiat < 1", ":2, [some-wait.needs]", "wait"),
        ("rules.toml", 'when = "loud"', 'when = "luod"', ":3, [some-wait.when]", "loud"),
        ("rules.toml", '"calm"', '"clam"', ":4, [some-wait.feature]", "calm"),
        ("rules.toml", "{ wait = ", "{ wiat = ", ":8, [some-wait.example]", "wait"),
        ("services.toml", '"post"', '"past"', ":1, [order]", None),
        ("services/post.toml", '"letter"\nfam', '"leter"\nfam', ":4, [like]", "letter"),
        ("services/post.toml", 'like = "letter"', 'like = "letter+x"', ":4, [like]", None),
        ("services/post.toml", '["post"]', '["pots"]', ":5, [families]", "post"),
        ("services/post.toml", '"town"', '"twon"', ":2, [cloud]", "town"),
        ("services/post.toml", '"line"', '"lien"', ":3, [carrier]", "line"),
        ("services/post.toml", 'calm = "refused"', 'clam = "refused"', ":8, [states.clam]", "calm"),
        ("services/post.toml", 'calm = "native"', 'clam = "native"',
         ":28, [variants.fast.states.clam]", "calm"),
        ("services/post.toml", '["letter"]', '["leter"]', ":12, [refusals.calm.instead]", "letter"),
        ("services/post.toml", 'wait = "5s"', 'wiat = "5s"', ":15, [settings.calm.wiat]", "wait"),
        ("services/post.toml", "loud = true", "luod = true", ":18, [defaults.luod]", "loud"),
        ("services/post.toml", '"Box"', '"Bax"', ":21, [slots.queue.component]", "Box"),
        ("services/post.toml", '"boxes"', '"bxoes"', ":22, [slots.queue.each]", "boxes"),
        ("services/post.toml", "{ size = ", "{ sice = ", ":23, [slots.queue.args]", "size"),
        ("services/post.toml", '"@entry.size"', '"@quee.size"', ":23, [slots.queue.args]", "queue"),
        ("services/post.toml", 'if = "loud"', 'if = "luod"', ":26, [variants.fast.if]", "loud"),
        ("clouds/town.toml", '"Box"', '"Bax"', ":3, [slots.role.component]", "Box"),
        ("settings/post.toml", "Box.wait_seconds", "Box.wait_second", ":16, [wait.sets]",
         "wait_seconds"),
        ("settings/post.toml", "Box.wait_seconds", "Bax.wait_seconds", ":16, [wait.sets]", "Box"),
        ("settings/post.toml", "setting:loud", "setting:luod", ":16, [wait.sets]", "loud"),
        ("settings/post.toml", "slot:queue", "slot:queu", ":24, [loud.sets]", "queue"),
        ("settings/post.toml", "items:boxes", "items:bxoes", ":6, [boxes.sets]", "boxes"),
        ("settings/post.toml", 'when = "loud"', 'when = "luod"', ":13, [wait.when]", "loud"),
        ("settings/post.toml", "=2 * second", "=2 * secnod", ":11, [wait.default]", None),
    ],
)  # fmt: skip
def test_a_name_that_is_nowhere(
    tmp_path: Path, file: str, old: str, new: str, where: str, near: str | None
) -> None:
    error = mistake(tmp_path, file, old, new)
    assert error.where == f"blueprints/{file}{where}"
    assert near is None or error.near[0] == near


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        ("rules.toml", "[a]\nb = \n", "blueprints/rules.toml:2"),
        ("settings/post.toml", "[a\n", "blueprints/settings/post.toml:1"),
        ("settings/post.toml", "a = 1\na = 2\n", "blueprints/settings/post.toml:2"),
    ],
)
def test_what_is_not_toml(tmp_path: Path, file: str, text: str, where: str) -> None:
    with pytest.raises(CatalogError, match="not TOML: ") as caught:
        load(written(tmp_path, {**SMALL, file: text}))
    assert caught.value.where == where


def test_what_is_not_text(tmp_path: Path) -> None:
    root = written(tmp_path, SMALL)
    (root / "blueprints" / "rules.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogError, match="not TOML: ") as caught:
        load(root)
    assert caught.value.where == "blueprints/rules.toml"


@pytest.mark.parametrize(
    ("file", "near"), [("rulse.toml", "rules.toml"), ("setings/post.toml", "settings")]
)
def test_a_file_that_nothing_reads(tmp_path: Path, file: str, near: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load(written(tmp_path, {**SMALL, file: "x = 1\n"}))
    assert (caught.value.where, caught.value.near) == (f"blueprints/{file}", (near,))


def test_there_is_no_catalog(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="there is no catalog here"):
        load(tmp_path / "nowhere")


# A catalog from somewhere else is data: neither reading it nor what is printed from it runs it.

CODE = [
    "__import__('os').system('touch hacked')",
    "open('hacked', 'w')",
    "(lambda: 1)()",
    "wait.__class__",
    "[x for x in wait]",
    "(hacked := 1)",
    "wait ** 9",
    "f'{wait}'",
]


@pytest.mark.parametrize("text", CODE)
def test_expressions_of_a_catalog_run_no_code(tmp_path: Path, text: str) -> None:
    quoted = '"' + text.replace('"', '\\"') + '"'
    error = mistake(tmp_path, "rules.toml", '"wait < 1 * day"', quoted)
    assert error.where == "blueprints/rules.toml:2, [some-wait.needs]"
    assert "is not allowed in" in error.message


@pytest.mark.parametrize(
    ("file", "old", "new", "where"),
    [
        ("settings/post.toml", '"=2 * second"', '"=exec(loud)"', ":11, [wait.default]"),
        ("settings/post.toml", 'when = "loud"', 'when = "loud()"', ":13, [wait.when]"),
        ("services/post.toml", 'if = "loud"', 'if = "loud.x"', ":26, [variants.fast.if]"),
        ("components/town.toml", '"1 * size"', '"1 ** size"', ":9, [Box.resources]"),
        ("components/town.toml", '"1 * size"', '"1 * sice"', ":9, [Box.resources]"),
        # What is printed in a program as a name is one name.
        ("components/town.toml", '= "url"', '= "url; exit()"', ":3, [Box.outputs]"),
        ("components/town.toml", '= "send_policy"', '= "a or b"', ":4, [Box.offers]"),
        ("components/town.toml", '= "box"', '= "../../box"', ":2, [Box.file]"),
        ("components/town.toml", "size = 3", '"size=1, x" = 3', ":6, [Box.args]"),
        ("services/post.toml", '"@entry.size"', '"@entry.size + exit()"',
         ":23, [slots.queue.args]"),
        ("settings/post.toml", "[loud]", '["loud()"]', ":19, [loud()]"),
        # What is printed as text cannot end the text.
        ("patterns.toml", '"Tasks"', "'a\"\"\" + exit()'", ":2, [tasks.title]"),
        ("patterns.toml", '"Tasks"', '"a\\nexit()"', ":2, [tasks.title]"),
    ],
)  # fmt: skip
def test_nothing_of_a_catalog_becomes_code(
    tmp_path: Path, file: str, old: str, new: str, where: str
) -> None:
    assert mistake(tmp_path, file, old, new).where == f"blueprints/{file}{where}"


def test_a_packed_catalog_names_the_key_without_a_line() -> None:
    files = {"patterns.toml": {"tasks": {"title": "Tasks"}}}
    with pytest.raises(CatalogError) as caught:
        _ = Catalog(Source(files)).patterns
    assert caught.value.where == "blueprints/patterns.toml, [tasks]"


# The catalog that is shipped.


@pytest.mark.parametrize("setting", SHIPPED.settings, ids=lambda setting: setting.name)
def test_a_setting_says_why_and_where_its_vendor_does(setting: Setting) -> None:
    assert setting.why.endswith(".")
    assert setting.docs.startswith("https://")


@pytest.mark.parametrize(
    "setting",
    [setting for setting in SHIPPED.settings if not setting.planned],
    ids=lambda setting: setting.name,
)
def test_an_example_differs_from_the_default(setting: Setting) -> None:
    default = setting.default_for("dev")
    assert isinstance(default, Expression) or setting.example != default


def test_rules_and_services_link_their_vendor() -> None:
    docs = [rule.docs for rule in SHIPPED.rules]
    docs += [service.docs for service in SHIPPED.services.values() if service.slots]
    assert docs
    assert [link for link in docs if not link.startswith("https://")] == []


# The numbers that are promised are those of the code that is handed out.


@pytest.mark.parametrize("number", range(3, 21))
def test_the_pauses_are_those_of_the_emitted_consumer(number: int) -> None:
    longest = sum(retry_delay(attempt, 1.0) for attempt in range(1, number))
    shortest = sum(retry_delay(attempt, 0.0) for attempt in range(1, number))
    assert pauses(number) == longest == 2 * shortest


@pytest.mark.parametrize("number", range(4, 21))
def test_the_attempts_are_the_fewest_that_surely_last(number: int) -> None:
    """Even when chance makes every pause the shortest, and one attempt less would not do."""

    def surely(count: int) -> float:
        return sum(retry_delay(attempt, 0.0) for attempt in range(1, count))

    wanted = int(surely(number))
    assert attempts(wanted) == number
    assert surely(number - 1) < wanted <= surely(number)
