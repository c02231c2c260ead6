"""The vocabulary: every word of the interface, and only registered ones of the standards."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model import vocabulary
from feedserver.model.vocabulary import (
    OBJECT_TYPES,
    UNSPECIFIED,
    VERBS,
    as2_types,
    as2_verb,
    camel,
    is_iri,
    kebab,
    own_type,
    short_name,
    type_of,
    verb_of,
    word_of,
    word_of_own_type,
)


def words(text: str) -> list[str]:
    return text.split()


# The list of the public interface, "Words for verbs".
WORDS = words(
    "create dispatch accept assign forward yank reject move change-status log phone research "
    "commit email-in email-out attach detach link unlink close reopen update"
)

# The Activity Base Schema, draft of 2012-08-30.
AS1_VERBS = words(
    "accept access acknowledge add agree append approve archive assign at attach attend author "
    "authorize borrow build cancel close complete confirm consume checkin create delete deliver "
    "deny disagree dislike experience favorite find flag-as-inappropriate follow give host ignore "
    "insert install interact invite join leave like listen lose make-friend open play post "
    "present purchase qualify read receive reject remove remove-friend replace request "
    "request-friend resolve return retract rsvp-maybe rsvp-no rsvp-yes satisfy save schedule "
    "search sell send share sponsor start stop-following submit tag terminate tie unfavorite "
    "unlike unsatisfy unsave unshare update use watch win"
)
AS1_TYPES = words(
    "activity alert application article audio badge binary bookmark collection comment device "
    "event file game group image issue job link note offer organization page permission person "
    "place process product question review role service task video"
)

# The Activity Vocabulary of W3C, section 3.
AS2_ACTIVITIES = words(
    "Accept Add Announce Arrive Block Create Delete Dislike Flag Follow Ignore Invite Join Leave "
    "Like Listen Move Offer Question Read Reject Remove TentativeAccept TentativeReject Travel "
    "Undo Update View"
)
AS2_TYPES = words(
    "Application Group Organization Person Service Article Audio Document Event Image Note Page "
    "Place Profile Relationship Tombstone Video Object Link Mention Collection OrderedCollection "
    "CollectionPage OrderedCollectionPage"
)


def test_the_verbs_are_those_of_the_interface_in_its_order() -> None:
    assert list(VERBS) == WORDS


@pytest.mark.parametrize("word", VERBS)
def test_a_verb_becomes_registered_words_and_has_a_sign(word: str) -> None:
    known = verb_of(word)

    assert known.as1 in AS1_VERBS
    assert known.as2 in AS2_ACTIVITIES
    assert len(known.sign) == 1


@pytest.mark.parametrize("word", [word for word in OBJECT_TYPES if word != UNSPECIFIED])
def test_an_object_type_becomes_registered_words(word: str) -> None:
    assert type_of(word).as1 in AS1_TYPES
    assert type_of(word).as2 in AS2_TYPES


@pytest.mark.parametrize("word", ["close", "reopen", "accept", "reject", "assign"])
def test_what_people_do_to_a_case_is_no_mere_update_in_as1(word: str) -> None:
    assert verb_of(word).as1 != "update"


def test_the_lists_are_those_of_the_standards() -> None:
    assert set(AS1_VERBS) == vocabulary.AS1_VERBS
    assert set(AS1_TYPES) == vocabulary.AS1_TYPES
    assert {*AS2_ACTIVITIES, "Activity", "IntransitiveActivity"} == vocabulary.AS2_ACTIVITIES
    assert set(AS2_TYPES) == vocabulary.AS2_OBJECTS
    assert not vocabulary.AS2_OBJECTS & vocabulary.AS2_ACTIVITIES


@pytest.mark.parametrize("word", ["teleport", "https://x.example/ns#Teleport", "rated 5 stars"])
def test_a_verb_that_nobody_knows_stays_itself_and_is_an_activity(word: str) -> None:
    assert (verb_of(word).word, verb_of(word).as1, verb_of(word).as2) == (word, word, "Activity")


def test_an_object_type_that_nobody_knows_stays_itself_and_is_an_object() -> None:
    kind = type_of("service-call")

    assert (kind.word, kind.as1, kind.as2) == ("service-call", "service-call", "Object")
    assert (kind.label, kind.plural) == ("service call", "service call")
    assert type_of("https://x.example/ns#service-call").label == "service call"


@pytest.mark.parametrize("name", sorted(vocabulary.AS2_TYPES))
@pytest.mark.parametrize(
    "base", ["", "as:", vocabulary.AS2_BASE, "http://www.w3.org/ns/activitystreams#"]
)
def test_every_type_of_2_0_is_a_word_by_any_of_its_names(name: str, base: str) -> None:
    word = word_of(base + name)

    assert word == kebab(name)
    assert camel(word) == name


@pytest.mark.parametrize("name", sorted({*AS1_VERBS, *AS1_TYPES}))
def test_every_verb_and_type_of_1_0_is_its_own_word_by_its_short_name_and_iri(name: str) -> None:
    assert word_of(name) == name
    assert word_of(vocabulary.AS1_BASE + name) == name


def read_back(types: list[str]) -> str:
    """The word that `as2_types` wrote."""
    *_, last = types
    if last.startswith("fs:"):
        return word_of_own_type(last.removeprefix("fs:"))
    return word_of(last)


VERB_WORDS = sorted({*WORDS, *AS1_VERBS, *map(kebab, vocabulary.AS2_ACTIVITIES)})
TYPE_WORDS = sorted({*OBJECT_TYPES, *AS1_TYPES, *map(kebab, vocabulary.AS2_TYPES)})


@pytest.mark.parametrize("word", VERB_WORDS)
@pytest.mark.parametrize("has_target", [True, False])
def test_every_verb_is_a_registered_type_of_2_0_and_comes_back(word: str, has_target: bool) -> None:
    types = as2_types(as2_verb(word, has_target), word)

    assert types[0] in vocabulary.AS2_ACTIVITIES
    assert read_back(types) == word
    assert len(types) == 1 or kebab(types[0]) != word


@pytest.mark.parametrize("word", TYPE_WORDS)
def test_every_object_type_is_a_registered_type_of_2_0_and_comes_back(word: str) -> None:
    types = as2_types(type_of(word).as2, word)

    assert types[0] in vocabulary.AS2_TYPES
    assert read_back(types) == word


def test_what_is_posted_to_a_target_is_added_to_it() -> None:
    assert (as2_verb("post", True), as2_verb("post", False)) == ("Add", "Create")
    assert (as2_verb("like", True), as2_verb("close", True)) == ("Like", "Update")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
BEGINNINGS = ["", "as:", "fs:", "_", "https://x.example/ns#", "tag:x.example,2026:"]
NAMED = st.sampled_from([*vocabulary.AS2_TYPES, *WORDS, "CREATE", "Change-Status", "changeStatus"])
NAMES = st.builds(
    str.__add__,
    st.sampled_from([*BEGINNINGS, vocabulary.AS2_BASE, vocabulary.AS1_BASE]),
    NAMED | TEXTS,
)
PLAIN = st.from_regex(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*", fullmatch=True)


@given(NAMES)
def test_a_word_is_its_own_word(name: str) -> None:
    assert word_of(word_of(name)) == word_of(name)


@pytest.mark.parametrize("name", ["as:as:Like", vocabulary.AS1_BASE * 2 + "as:Like", "as:", ""])
def test_a_name_in_a_name_is_its_own_word_too(name: str) -> None:
    assert word_of(word_of(name)) == word_of(name)


@given(NAMES.map(word_of).filter(bool))
def test_any_word_comes_back_from_the_types_of_2_0(word: str) -> None:
    assert read_back(as2_types(as2_verb(word, False), word)) == word
    assert read_back(as2_types(type_of(word).as2, word)) == word


@given(TEXTS | PLAIN | NAMES)
def test_any_word_comes_back_from_our_namespace(word: str) -> None:
    name = own_type(word)

    assert word_of_own_type(name) == word
    assert re.fullmatch(r"[\w.~%-]+", name, re.ASCII)


@given(st.text(st.characters(codec=None)))
def test_any_name_of_our_namespace_is_a_word(name: str) -> None:
    assert isinstance(word_of_own_type(name), str)


@given(PLAIN)
def test_a_plain_word_in_camel_case_comes_back(word: str) -> None:
    assert kebab(camel(word)) == word
    assert "-" not in camel(word)


@given(st.from_regex(r"([A-Z][a-z0-9]*)+", fullmatch=True))
def test_a_name_in_camel_case_comes_back(name: str) -> None:
    assert camel(kebab(name)) == name


@pytest.mark.parametrize(
    ("word", "short"),
    [
        ("https://x.example/ns#Mend", "Mend"),
        ("https://x.example/verbs/mend/", "mend"),
        ("tag:x.example,2026:mend", "mend"),
        ("mend", "mend"),
        ("a/b#c", "a/b#c"),
        ("note: it burns", "note: it burns"),
        ("", ""),
    ],
)
def test_the_short_name_of_an_iri_is_its_last_part(word: str, short: str) -> None:
    assert short_name(word) == short
    assert is_iri(word) == (word != short)
