"""A site's own sentences and tags: which are taken, what they name; none costs an entry."""

import json
import re
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedserver.errors import MappingError, SettingsError
from feedserver.mapping.filters import FILTERS
from feedserver.model.activity import Draft
from feedserver.model.text import clean, one_line
from feedserver.ports import Poll
from feedserver.services.intake import cleaned
from feedserver.settings import SOURCE_SETTINGS, make_settings
from feedserver.sources.clarify.database import Database
from feedserver.sources.clarify.entries import Entry
from feedserver.sources.clarify.joining import Joined
from feedserver.sources.clarify.mapping import EntryMapping
from feedserver.sources.clarify.members import NAMES, members_of
from feedserver.sources.clarify.wording import MAX_TAGS, VERBS, Template, Wording, make_wording
from tests.builders import AUTHORITY
from tests.sources.clarify_builder import Clarify
from tests.sources.clarify_data import unpacked
from tests.sources.conftest import MakeSource

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "clarify.md"
WHERE = "[sources.crm]"

DoPoll = Callable[..., Poll]


@pytest.fixture
def poll(open_source: MakeSource) -> DoPoll:
    """Polls everything that there is."""
    return lambda **settings: open_source(**settings).poll(None, lambda _: set())


@pytest.fixture
def case(crm: Clarify) -> int:
    """A case of which there is everything to tell."""
    return crm.case(
        "1234",
        "Printer on fire #urgent",
        case_reporter2site=crm.add("table_site", name="Example Works"),
        case_reporter2contact=crm.contact("Carl", "Caller"),
        case_prt2part_info=crm.product("P-9000", "B"),
        respprty2gbst_elm=crm.element("Response Priority Code", "High"),
        respsvrty2gbst_elm=crm.element("Problem Severity Level", "Severe"),
        calltype2gbst_elm=crm.element("Case Type", "Question"),
    )


@pytest.fixture
def dispatched(crm: Clarify, case: int) -> int:
    crm.queue("Support")
    return crm.entry(
        900, "from WIP default to Queue Support", act_entry2case=case, act_entry2user=crm.user()
    )


def only(answer: Poll) -> Draft:
    """The only draft, of which nothing is odd."""
    assert (answer.problems, answer.failed) == ((), ())
    (draft,) = answer.drafts
    return draft


def refusal(sentences: object = None, tags: object = None) -> str:
    with pytest.raises(SettingsError) as refused:
        make_wording(WHERE, sentences, tags)
    return str(refused.value)


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ sentence }}!", "Ann Sample dispatched case 1234 to queue Support: Printer on fire"),
        ("{{ actor.name }} ({{ actor.login }})", "Ann Sample (ann)"),
        ("{{ object.label }} {{ object.number }}: {{ object.title }}", "case 1234: Printer on"),
        ("{{ object.type }} {{ object.url }}", "case https://crm.example/1234"),
        ("{{ verb }} {{ code }} {{ code_name | default('-') }}", "dispatch 900 -"),
        ("{{ queue }}, {{ to_queue }}, {{ from_queue | default('-') }}", "Support, Support, -"),
        ("{{ site }}: {{ reporter }}, {{ contact is none }}", "Example Works: Carl Caller, true"),
        ("{{ product.name }} rev. {{ product.revision }}", "P-9000 rev. B"),
        ("{{ priority }} {{ severity }} {{ type }}", "High Severe Question"),
        ("{{ tags | join(', ') }}", "priority:High, severity:Severe, type:Question, urgent"),
        ("said: {{ text }}", "said: from WIP default to Queue Support"),
        ("{{ code }}", "900"),
        ("{{ [solution, person, subcase, status] == [none, none, none, none] }}", "true"),
        ("{{ object.number | int + 1 }}", "1235"),
        ("one\n two", "one two"),
    ],
)
def test_a_sentence_may_name_all_that_is_known_of_an_entry(
    template: str, told: str, dispatched: int, poll: DoPoll
) -> None:
    draft = only(poll(sentences={"dispatch": template}, links={"case": "https://crm.example/{id}"}))

    assert draft.title.startswith(told)
    assert draft.content == "from WIP default to Queue Support"


@pytest.mark.parametrize(
    ("code", "info", "template", "told"),
    [
        (100, "from Queue Support to WIP default", "{{ from_queue }}|{{ to_queue }}", "Support|"),
        (10500, "7 to ann WIP default", "{{ person.name }} {{ person.login }}", "Ann Sample ann"),
        (300, "", "{{ status }} {{ code_name }}", "Waiting Change Status"),
        (3000, "Subcase 1234-1 Ask", "{{ subcase }} of {{ object.number }}", "1234-1 of 1234"),
        (1400, "", "{{ solution.number }}: {{ solution.title }}", "S-1: Pour water on it"),
    ],
)
def test_it_may_name_what_only_some_entries_have(
    code: int, info: str, template: str, told: str, crm: Clarify, case: int, poll: DoPoll
) -> None:
    crm.queue("Support")
    solution = crm.add("table_probdesc", id_number="S-1", title="Pour water on it")
    linked = {"act_entry2probdesc": solution} if code == 1400 else {}
    entry = crm.entry(code, info, act_entry2case=case, act_entry2user=crm.user(), **linked)
    crm.add(
        "table_status_chg",
        status_chg2act_entry=entry,
        c_status_chg2gbst_elm=crm.element("Open", "Waiting"),
    )
    template = template.replace("{{ to_queue }}", "{{ to_queue | default('') }}")

    assert only(poll(sentences={str(code): template})).title == told


@pytest.mark.parametrize(
    ("sentences", "told"),
    [
        ({"case.900": "1", "900": "2", "case.dispatch": "3", "dispatch": "4"}, "1"),
        ({"900": "2", "case.dispatch": "3", "dispatch": "4"}, "2"),
        ({"case.dispatch": "3", "dispatch": "4"}, "3"),
        ({"dispatch": "4", "subcase.dispatch": "5", "subcase.900": "6", "901": "7"}, "4"),
        ({"case": {"dispatch": "3", "900": "1"}, "dispatch": "4"}, "1"),
        ({"CASE.Dispatch": "3"}, "3"),
        ({"0900": "2"}, "2"),
    ],
)
def test_the_most_exact_sentence_is_taken(
    sentences: dict[str, Any], told: str, dispatched: int, poll: DoPoll
) -> None:
    assert only(poll(sentences=sentences)).title == told


@pytest.mark.parametrize("name", ["change-request.create", "change_request.create"])
def test_a_type_may_be_spelt_as_the_environment_has_to(
    name: str, crm: Clarify, poll: DoPoll
) -> None:
    bug = crm.add("table_bug", id_number="CHG1")
    crm.entry(600, act_entry2bug=bug, act_entry2user=crm.user())

    assert only(poll(sentences={name: "{{ object.label }}"})).title == "change request"


@pytest.mark.parametrize(
    "sentences", [{}, {"close": "no"}, {"subcase.dispatch": "no"}, {"1100": "no"}]
)
def test_an_entry_without_a_sentence_of_its_own_is_told_as_ever(
    sentences: dict[str, str], dispatched: int, poll: DoPoll
) -> None:
    assert only(poll(sentences=sentences)) == only(poll())


@pytest.mark.parametrize(
    ("tags", "made"),
    [
        (["{{ tags }}"], ("priority:High", "severity:Severe", "type:Question", "urgent")),
        (
            ["{{ tags }}", "site:{{ site }}"],
            ("priority:High", "severity:Severe", "type:Question", "urgent", "site:Example Works"),
        ),
        ("{{ queue }}", ("Support",)),
        (["code:{{ code }}", "{{ code }}"], ("code:900", "900")),
        (["", "{{ status }}", "{% if status %}x{% endif %}", " "], ()),
        (["VIP", "vip", " urgent\n now "], ("VIP", "urgent now")),
        (["{{ text.split() }}"], ("from", "WIP", "default", "to", "Queue", "Support")),
        ([], ()),
    ],
)
def test_tags_are_what_the_templates_give(
    tags: Any, made: tuple[str, ...], dispatched: int, poll: DoPoll
) -> None:
    assert only(poll(tags=tags)).tags == made


def test_of_too_many_tags_the_first_are_kept(crm: Clarify, case: int, poll: DoPoll) -> None:
    text = " ".join(f"word{number}" for number in range(MAX_TAGS + 1))
    crm.entry(200, text, act_entry2case=case, act_entry2user=crm.user())

    answer = poll(tags=["{{ text.split() }}"])

    assert answer.drafts[0].tags == tuple(text.split()[:MAX_TAGS])
    assert "101 tags" in answer.problems[0].text


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("to {{ from_queue }}", "null"),
        ("{{ person.name }}", "there is no name"),
        ("{{ object.nmae }}", "there is no nmae in an object, which has type, label, number"),
        ("{{ object }}", "an object"),
        ("{{ tags }}", "a list"),
        ("{{ [] }}", "a list"),
        ("{{ status }}", "null"),
        ("{% if status %}x{% endif %}", "gives no text"),
        ("  ", "gives no text"),
        ("{{ 1 / 0 }}", "zero"),
        ("{{ text.__class__ }}", "__class__"),
    ],
)
def test_a_sentence_that_fails_leaves_the_built_in_one_and_says_why(
    template: str, why: str, dispatched: int, poll: DoPoll
) -> None:
    answer = poll(sentences={"case.dispatch": template})

    assert answer.drafts == poll().drafts
    assert answer.failed == ()
    (problem,) = answer.problems
    assert problem.key == f"act_entry {dispatched}"
    assert problem.text.startswith("[sources.crm] sentences.case.dispatch: ")
    assert why in problem.text
    assert problem.text.endswith("; it is told by the built-in sentence")


def test_a_tag_that_fails_is_left_out_and_says_why(dispatched: int, poll: DoPoll) -> None:
    answer = poll(tags=["from:{{ from_queue }}", "{{ queue }}", "{{ [object] }}"])

    assert [draft.tags for draft in answer.drafts] == [("Support",)]
    first, second = [problem.text for problem in answer.problems]
    assert first.startswith("[sources.crm] tags[0]: ")
    assert "null" in first
    assert second.startswith("[sources.crm] tags[2]: ")
    assert second.endswith("; the tag is left out")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("broken"), KeyError("x")])
def test_whatever_a_template_raises_is_told_as_an_error_of_the_mapping(error: Exception) -> None:
    def fail(_members: object) -> object:
        raise error

    with pytest.raises(MappingError) as raised:
        Template(f"{WHERE} tags[0]", fail).value({}, str)

    assert str(raised.value) == f"{WHERE} tags[0]: {str(error) or repr(error)}"


@pytest.mark.parametrize(
    ("sentences", "said"),
    [
        ({"case.dispach": "x"}, ("sentences.case.dispach", "accept, assign", "act_code")),
        ({"move": "x"}, ("sentences.move", "no verb of this source")),
        ({"ticket.dispatch": "x"}, ("sentences.ticket.dispatch", "no type", "case, change-")),
        ({"case.dispatch.x": "x"}, ("sentences.case.dispatch.x", "no type of object")),
        ({"case": "x"}, ("sentences.case", "no verb of this source")),
        ({"": "x"}, ("sentences.", "no verb of this source")),
        ({"-900": "x"}, ("sentences.-900", "no verb of this source")),
        ({"dispatch": 7}, ("sentences.dispatch = 7", "no text")),
        ({"dispatch": ["x"]}, ("sentences.dispatch = ['x']", "no text")),
        ("x", ("sentences must be a table",)),
        ("", ("sentences must be a table",)),
        ({"case.close": "x", "case": {"close": "y"}}, ("sentences.case.close are the same",)),
        ({"100": "x", "0100": "y"}, ("sentences.0100 and sentences.100 are the same",)),
        ({"case.dispatch": "{{ queue"}, ("sentences.case.dispatch: ", "cannot be read")),
        ({"case": {"dispatch": "{% x %}"}}, ("sentences.case.dispatch: ", "cannot be read")),
        ({"dispatch": "{{ qeue }}"}, ("there is no qeue; known: sentence, tags, text, verb",)),
        ({"dispatch": "{% if x %}1{% endif %}"}, ("there is no x; known: ",)),
        ({"dispatch": "{{ queue | shout }}"}, ("there is no filter shout",)),
    ],
)
def test_a_sentence_that_cannot_be_is_refused_at_the_start(
    sentences: object, said: tuple[str, ...]
) -> None:
    told = refusal(sentences=sentences)

    assert told.startswith("[sources.crm] sentences")
    assert all(part in told for part in said), told


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (["ok", "{{"], "tags[1]: "),
        ([7], "tags[0] = 7 is no text"),
        (7, "tags[0] = 7 is no text"),
        ({"a": "b"}, "is no text"),
        (["{{ sight }}"], "there is no sight; known: sentence, tags"),
    ],
)
def test_a_tag_that_cannot_be_is_refused_at_the_start(tags: object, said: str) -> None:
    told = refusal(tags=tags)

    assert told.startswith("[sources.crm] tags[")
    assert said in told


def test_names_of_the_template_itself_are_not_taken_for_unknown_ones(
    dispatched: int, poll: DoPoll
) -> None:
    template = (
        "{% set n = 1 %}{{ n }}{% for tag in tags %}{% if loop.last %} {{ tag }}"
        "{% endif %}{% endfor %}"
    )

    assert only(poll(sentences={"900": template})).title == "1 urgent"


def test_a_source_with_a_template_that_cannot_be_read_is_not_made(open_source: MakeSource) -> None:
    with pytest.raises(SettingsError, match=r"sentences\.close"):
        open_source(sentences={"close": "{{"})
    with pytest.raises(SettingsError, match=r"tags\[0\]"):
        open_source(tags=["{{"])


def test_without_either_setting_there_is_no_wording() -> None:
    assert make_wording(WHERE, None, None) is None


def test_text_that_is_not_for_customers_cannot_be_named(
    crm: Clarify, case: int, poll: DoPoll
) -> None:
    secret = "INTERNAL: a nuisance #nuisance"
    crm.entry(
        1700,
        secret,
        act_entry2case=case,
        act_entry2user=crm.user(),
        act_entry2notes_log=crm.note(secret, internal=secret, is_internal=1),
    )
    everything = " ".join(f"{{{{ [{name}] | map('string') | join }}}}" for name in STRINGS)
    told = only(poll(sentences={"log": "{{ text }}|" + everything}, tags=[everything]))

    assert told.title.startswith("|")
    assert "nuisance" not in repr(told)


STRINGS = ("sentence", "verb", "code", "site", "reporter", "priority", "severity", "type")

FILTER_NAMES = sorted(FILTERS)

HOSTILE = (
    "{{ 'x' * 999999999 }}",
    "{{ 10 ** 99999999 }}",
    "{{ 9999999999 * 9999999999 * code }}",
    "{{ range(999999999) | list }}",
    "{{ ().__class__.__mro__[1].__subclasses__() }}",
    "{{ sentence.format.__globals__ }}",
    "{{ '%999999999d' % code }}",
    "{{ '{0:999999999}'.format(code) }}",
    "{% for letter in text %}{{ text }}{% endfor %}",
    "{{ object.number | int / 0 }}",
    "{{ text | sort | first }}",
    "{{ [tags, tags] | sum }}",
    "{{ text | int + text }}",
    "{{ [[[text]]] }}",
    "{{ object.items() }}",
    "{{ person.login }}",
    "{{ text | date }}",
    "{{ site | date('Europe/Berlin') }}",
    '{{ "\\x00\\ud800\\uffff" }}',
    "\x00\ud800{{ text }}",
    "{{ none }}",
    "{{ true }}",
    "{{ {'a': text} }}",
    "{{ (1, 2) }}",
    "{{ text[0] }}{{ tags[99] }}",
    "{{ '{{ text }}' }}",
)
"""What a template should better not say, or cannot give of most entries."""


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """All entries of the test data."""
    path = unpacked("sample", tmp_path_factory.mktemp("wording"))
    with closing(Database("crm", f"sqlite:///{path}")) as database:
        joined = Joined(database, database.keys(0, database.highest(), 100_000))
        return [joined.entry(key) for key in joined.keys]


def mapping(wording: Wording | None = None) -> EntryMapping:
    return EntryMapping(AUTHORITY, "crm", ZoneInfo("Europe/Berlin"), {}, wording)


def telling_all(template: str) -> Wording | None:
    """The template as the sentence and as a tag of every entry."""
    return make_wording(WHERE, dict.fromkeys(VERBS, template), [template, "{{ tags }}"])


@pytest.fixture(scope="module")
def built_in(entries: list[Entry]) -> list[Draft]:
    """What the entries become in the built-in words."""
    words = mapping()
    return [words.draft(entry)[0] for entry in entries]


@pytest.mark.parametrize("template", HOSTILE)
def test_no_template_keeps_a_real_entry_from_becoming_an_activity(
    template: str, entries: list[Entry], built_in: list[Draft]
) -> None:
    try:
        own = mapping(telling_all(template))
    except SettingsError:
        return  # it is refused at the start: no entry is told by it

    for entry, before in zip(entries, built_in, strict=True):
        draft, _ = own.draft(entry)
        assert replace(draft, title=before.title, tags=before.tags) == before
        assert one_line(draft.title)
        assert {*before.tags[:10]} <= {*draft.tags} or len(draft.tags) == MAX_TAGS


@pytest.mark.parametrize("template", HOSTILE)
def test_no_template_lets_a_draft_hold_what_no_feed_can_carry(
    template: str, entries: list[Entry]
) -> None:
    try:
        own = mapping(telling_all(template))
    except SettingsError:
        return

    for entry in entries[::100]:
        draft = cleaned(own.draft(entry)[0])
        assert 0 < len(draft.title) <= 1000
        assert [clean(text) for text in (draft.title, *draft.tags)] == [draft.title, *draft.tags]


EXPRESSIONS = st.recursive(
    st.sampled_from([*NAMES, "''", "'a'", "1", "0", "2.5", "true", "none", "[]", "['x', none]"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%~"), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["==", "<", "in", "and"]), inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} | {})".format, inner, st.sampled_from(FILTER_NAMES)),
        st.builds("{}.{}".format, inner, st.sampled_from(["name", "number", "upper()", "x"])),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(expression=EXPRESSIONS)
def test_whatever_is_written_is_refused_or_tells_every_entry(
    expression: str, entries: list[Entry], built_in: list[Draft]
) -> None:
    try:
        own = mapping(telling_all(f"{{{{ {expression} }}}}"))
    except SettingsError:
        return

    for entry, before in zip(entries[::200], built_in[::200], strict=True):
        draft, _ = own.draft(entry)
        assert draft.id == before.id
        assert cleaned(draft).title


def test_the_default_of_the_tags_makes_the_built_in_ones(
    entries: list[Entry], built_in: list[Draft]
) -> None:
    (default,) = (row.default for row in SOURCE_SETTINGS["clarify"] if row.name == "tags")
    own = mapping(make_wording(WHERE, None, json.loads(str(default))))

    for entry, before in zip(entries, built_in, strict=True):
        assert cleaned(own.draft(entry)[0]) == cleaned(before)


def test_every_name_is_a_member_of_every_entry_and_stands_in_the_documents(
    entries: list[Entry], built_in: list[Draft]
) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split("## Your own words")[1]
    written = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)

    assert written == NAMES
    for entry, draft in zip(entries, built_in, strict=True):
        assert list(members_of(draft, entry, "")) == NAMES


def test_the_example_of_the_documents_does_what_they_say(
    crm: Clarify, case: int, dispatched: int, open_source: MakeSource
) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split("## Your own words")[1]
    written = tomllib.loads(section.split("```toml")[1].split("```")[0])
    crm.entry(600, act_entry2case=case)
    crm.entry(3500, act_entry2case=case)
    crm.entry(94001, act_entry2user=crm.user("bob", "Bob", "Example"))
    crm.entry(900, "to Queue Support", act_entry2subcase=crm.add("table_subcase", id_number="7-1"))
    values = {"type": "clarify", **written["sources"]["crm"]}
    known = make_settings(Path(), {"authority": AUTHORITY, "sources": {"crm": values}})

    drafts = open_source(**known.sources["crm"]).poll(None, lambda _: set()).drafts

    assert [draft.title for draft in drafts] == [
        "Case 1234 is with Support now: Printer on fire #urgent",
        "System created case 1234 for Carl Caller at Example Works: Printer on fire #urgent (High)",
        "System received e-mail on case 1234: Printer on fire #urgent",
        "Bob Example ran tasks on something",
        "System sent subcase 7-1 on to Support",
    ]
    assert drafts[2].tags[-2:] == ("site:Example Works", "from-customer")
    assert drafts[3].tags == ("site:none",)
