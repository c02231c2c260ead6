"""Templates: what they give, what they may name, and that no record makes them run or explode."""

import time
from typing import Any

import pytest

from feedserver.errors import MappingError, SettingsError
from feedserver.mapping.expressions import Expressions
from feedserver.mapping.filters import FILTERS, MAX_TEXT

NAMES: dict[str, Any] = {
    "issue": {
        "title": "Printer on fire",
        "number": 1234.0,
        "open": True,
        "closed_at": None,
        "items": ["a", "b"],
        "keys": 3,
        "get": "it",
        "labels": [{"name": "bug"}, {"name": "VIP"}],
        "two words": "yes",
    },
    "empty": [],
    "lists": [[1]] * 200,
    "long": "a" * 100_000,
    "many": 10**9,
    "state": "6",
    "loop": "l",
    "_value": 7,
    "result": 8,
}
TABLES = {"states": {"6": "done", "1234": "number", "true": "yes"}}


def value_of(template: str, **names: Any) -> Any:
    return Expressions(TABLES).compiled(template, "[sources.x] mapping.title")({**NAMES, **names})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{{ issue.title }}", "Printer on fire"),
        ("  {{ issue.items }}  ", ["a", "b"]),
        ("{{ issue.number }}", 1234.0),
        ("{{ issue.open }}", True),
        ("{{ issue.closed_at }}", None),
        ("#{{ issue.number }}: {{ issue.open }}", "#1234: true"),
        ("{{ issue.number ~ '/' ~ issue.open }}", "1234/true"),
        ("{{ issue['two words'] }}", "yes"),
        ("{{ issue.labels | map(attribute='name') }}", ["bug", "VIP"]),
        ("{{ issue.labels[0].name }}{{ issue.items[-1] }}", "bugb"),
        (
            "{% for label in issue.labels %}{{ loop.index }}{{ label.name }} {% endfor %}",
            "1bug 2VIP",
        ),
        ("{% if issue.open %}open{% else %}closed{% endif %}", "open"),
        ("{% set n = issue.number %}{{ n + 1 }}", "1235"),
        ("{{ 'a b'.split(' ')[1].upper() }}", "B"),
        ("{{ _value }}{{ result }}", "78"),
        ("{{ _value }}", 7),
    ],
)
def test_a_template_gives_a_value_as_people_write_it(text: str, value: Any) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize("name", ["items", "keys", "get"])
def test_a_member_with_the_name_of_a_method_is_the_member(name: str) -> None:
    assert value_of(f"{{{{ issue.{name} }}}}") == NAMES["issue"][name]
    with pytest.raises(MappingError, match="there is no values in an object"):
        value_of("{{ issue.values }}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ nothing }}", "there is no nothing"),
        ("say {{ nothing.at.all }}", "there is no nothing"),
        ("{{ issue.titel }}", "there is no titel in an object, which has title, number"),
        ("{{ issue.labels | map(attribute='nmae') }}", "there is no nmae in an object"),
        ("{{ issue.closed_at }}.", r"it is null, which is no text; write \| default\(''\)"),
        ("{{ issue.items }}.", r"it is a list, which is no text; .* join\(', '\)"),
        ("{{ issue }}.", "it is an object, which is no text; name a member of it"),
        ("{{ 'a' ~ issue.closed_at }}", "it is null"),
        ("{{ nothing == 'x' }}", "there is no nothing"),
        ("{{ issue.items[7] }}", "there is no 7 in a list"),
        ("{{ issue.title.join }}", "there is no join in a text; known: capitalize"),
        ("{{ issue.title.upper }}", "brackets"),
        ("{{ issue.items() }}", "a list stands before the brackets"),
        ("{{ range(3) }}", "there is no range"),
        ("{{ 1 // 0 }}", "zero"),
        ("{{ issue.title | table('states') }}", "table states has nothing for 'Printer on fire'"),
        ("{{ empty | first }}", "empty"),
        ("{{ issue.title | int }}", "it is 'Printer on fire' and no number"),
        ("{{ issue.title | items }}", "only an object has items"),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_an_error_that_names_it(text: str, told: str) -> None:
    with pytest.raises(MappingError, match=told) as caught:
        value_of(text)

    assert str(caught.value).startswith("[sources.x] mapping.title: {{" if text[0] == "{" else "[")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ nothing | default('other') }}", "other"),
        ("{{ nothing.at.all | default('other') }}", "other"),
        ("{{ issue.closed_at.day | default('other') }}", "other"),
        ("{{ issue.closed_at | default('other') }}", "other"),
        ("{{ empty | default('other', true) }}", "other"),
        ("{{ nothing is defined }}", False),
        ("{{ issue.closed_at is defined }}", False),
        ("{{ issue.title is defined }}", True),
        ("{{ nothing | table('states', 'other') }}", "other"),
        ("{{ 'x' | table('states', 'other') }}", "other"),
        ("{{ state | table('states') }}", "done"),
        ("{{ issue.number | table('states') }}", "number"),
        ("{{ issue.open | table('states') }}", "yes"),
        ("{{ issue.items | join('-') }}", "a-b"),
        ("{{ [1.0, none, 'x'] | join(',') }}", "1,x"),
        ("{{ issue.title | truncate(8) }}", "Printer…"),
        ("{{ 'a <b>' | html }}", "a &lt;b&gt;"),
        ("{{ '<p>a</p><p>b</p>' | striptags }}", "a b"),
        ("{{ 'see #toner and #vip' | hash_words }}", ["toner", "vip"]),
        ("{{ 'a/b c' | urlencode }}", "a%2Fb%20c"),
        ("{{ 'aXa' | replace('X', '-') | upper }}", "A-A"),
        ("{{ '12' | int + 1 }}", 13),
        ("{{ 'x' | int(0) }}", 0),
        ("{{ '1.5' | float }}", 1.5),
        ("{% for k, v in {'a': 1} | items %}{{ k }}{{ v }}{% endfor %}", "a1"),
        ("{{ ('2026-11-19T15:05:00+01:00' | date) ~ '' }}", "2026-11-19T14:05:00Z"),
        ("{{ issue.labels | selectattr('name', 'eq', 'VIP') | list | length }}", 1),
    ],
)
def test_filters(text: str, value: Any) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ issue", "cannot be read: unexpected end of template"),
        ("{% if issue %}", "cannot be read"),
        ("{{ issue.title | uper }}", "there is no filter uper. Did you mean upper?"),
        ("{{ x if x else (y | uper) }}", "there is no filter uper"),
        ("{{ issue is defind }}", "there is no test defind. Did you mean defined?"),
        ("{{ state | table('state') }}", "there is no table state. Did you mean states?"),
        ("{{ self }}", "write record.self"),
        ("{% macro a() %}{% endmacro %}", "there is no {% macro %} here; known: if, for, set"),
        ("{% include 'a' %}", "there is no {% include %} here"),
        ("{% import 'os' as os %}", "there is no {% import %} here"),
        ("{{ issue | attr('title') }}", "there is no filter attr"),
        ("{{ '%1000000000d' | format(1) }}", "there is no filter format"),
        ("{{ [1] | random }}", "there is no filter random"),
        (
            "{% for a in b %}{% for c in d %}{% for e in f %}{% endfor %}{% endfor %}{% endfor %}",
            "2 l",
        ),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "cannot be read"),
        ("{{ 1e400 }}", "a number in it is too large"),
        ("{{ empty | map('uper') | list }}", "there is no filter uper. Did you mean upper?"),
        ("{{ empty | select('defind') | list }}", "there is no test defind."),
        ("{{ empty | rejectattr('a', 'defind') | list }}", "there is no test defind."),
        ("{{ x }}" * 2000, "more than 10,000 characters"),
    ],
)
def test_what_cannot_be_read_is_told_at_once(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        value_of(text)

    assert told in str(caught.value)
    assert str(caught.value).startswith("[sources.x] mapping.title: ")


@pytest.mark.parametrize(
    "text",
    [
        "{{ issue.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ issue['__class__'] }}",
        "{{ ''.format }}",
        "{{ ''.format_map(issue) }}",
        "{{ issue.title.upper.__globals__ }}",
        "{{ issue.title.split.__self__ }}",
        "{{ nothing.__class__.__init__ }}",
        "{% for a in empty or [1] %}{{ loop.__class__ }}{% endfor %}",
        "{{ issue.labels | map(attribute='__class__') }}",
        "{{ lipsum.__globals__ }}",
        "{{ cycler }}",
        "{{ namespace() }}",
        "{{ dict() }}",
        "{{ joiner.__init__ }}",
    ],
)
def test_nothing_of_python_can_be_reached(text: str) -> None:
    with pytest.raises(MappingError):
        value_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * many }}",
        "{{ 'x' * 10000000000 }}",
        "{{ [0] * many }}",
        "{{ 9 ** many }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ long | replace('a', long) }}",
        "{{ long.split('a') | join(long) }}",
        "{% set b = long ~ long ~ long ~ long %}{% set c = b ~ b ~ b ~ b %}{{ c }}",
        "{% for a in long %}{% endfor %}",
        "{% for a in empty or long[:100] %}{{ long }}{% endfor %}",
        "{{ long.center(many) }}",
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% for a in lists %}{% for b in lists %}{{ long | count }}{% endfor %}{% endfor %}",
        "{{ [long | length] | sum(start=[]) }}",
    ],
)
def test_a_record_cannot_make_a_template_large_or_slow(text: str) -> None:
    began = time.perf_counter()

    with pytest.raises(MappingError):
        value_of(text)

    assert time.perf_counter() - began < 1


def test_many_lists_are_joined_in_one_go() -> None:
    began = time.perf_counter()

    assert value_of("{{ many_lists | sum(start=[]) | length }}", many_lists=[[1]] * 100_000) == 1e5
    assert value_of("{{ named | sum('of', []) }}", named=[{"of": [1]}, {"of": [2]}]) == [1, 2]
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "text", ["{{ 'nan' | float }}", "{{ '1e400' | float }}", "{{ [1e308, 1e308] | sum }}"]
)
def test_what_is_not_finite_is_no_number(text: str) -> None:
    with pytest.raises(MappingError, match="no number"):
        value_of(text)


def test_what_a_record_is_told_of_is_one_short_line_without_controls() -> None:
    odd = {f"\x1b[31m{place}\nforged": 1 for place in range(1000)}

    with pytest.raises(MappingError) as caught:
        value_of("{{ odd.name }}", odd=odd)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


def test_what_a_record_holds_is_never_a_template() -> None:
    hostile = "{{ 7 * 7 }}{% for x in y %}"

    assert value_of("{{ text }}!", text=hostile) == hostile + "!"
    assert value_of("{{ text }}", text=hostile) == hostile
    assert value_of("{{ text | upper }}", text=hostile) == hostile.upper()


def test_a_condition_may_stand_with_braces_or_without() -> None:
    expressions = Expressions()

    assert expressions.expression("a == 'x'", "")({"a": "x"}) is True
    assert expressions.expression("{{ a == 'x' }}", "")({"a": "y"}) is False


def test_the_names_may_be_known_beforehand() -> None:
    expressions = Expressions(names=["actor", "object"])

    assert expressions.compiled("{{ actor }}", "here")({"actor": "Ann"}) == "Ann"
    with pytest.raises(SettingsError, match="there is no actr; known: actor, object"):
        expressions.compiled("{{ actr }}", "here")


def test_no_filter_but_default_takes_what_is_missing() -> None:
    for name in sorted(set(FILTERS) - {"d", "default", "table", "replace"}):
        with pytest.raises(MappingError):
            value_of(f"{{{{ nothing | {name} | list }}}}")


def test_null_is_an_empty_list_where_elements_are_chosen_and_nothing_elsewhere() -> None:
    choosing = {"map", "reject", "rejectattr", "select", "selectattr"}
    for name in sorted(choosing):  # `lower` is a filter and a test
        assert value_of(f"{{{{ issue.closed_at | {name}('lower') }}}}") == []
    for name in sorted(set(FILTERS) - choosing - {"d", "default", "table", "replace"}):
        with pytest.raises(MappingError):
            value_of(f"{{{{ issue.closed_at | {name} | list }}}}")


def test_a_text_has_an_end() -> None:
    assert len(value_of("{{ text }}!", text="a" * (MAX_TEXT - 1))) == MAX_TEXT
    with pytest.raises(MappingError, match="more than 1,000,000 characters"):
        value_of("{{ text }}!", text="a" * MAX_TEXT)
