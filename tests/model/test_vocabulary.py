"""The vocabulary: every word of the interface, and only registered ones of the standards."""

import pytest

from feedserver.model.vocabulary import OBJECT_TYPES, VERBS, type_of, verb_of


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
    "Place Profile Relationship Tombstone Video"
)


def test_the_verbs_are_those_of_the_interface_in_its_order() -> None:
    assert list(VERBS) == WORDS


@pytest.mark.parametrize("word", VERBS)
def test_a_verb_becomes_registered_words_and_has_a_sign(word: str) -> None:
    known = verb_of(word)

    assert known.as1 in AS1_VERBS
    assert known.as2 in AS2_ACTIVITIES
    assert len(known.sign) == 1


@pytest.mark.parametrize("word", OBJECT_TYPES)
def test_an_object_type_becomes_registered_words(word: str) -> None:
    assert type_of(word).as1 in AS1_TYPES
    assert type_of(word).as2 in AS2_TYPES


@pytest.mark.parametrize("word", ["close", "reopen", "accept", "reject", "assign"])
def test_what_people_do_to_a_case_is_no_mere_update_in_as1(word: str) -> None:
    assert verb_of(word).as1 != "update"


def test_a_verb_that_nobody_knows_is_an_update() -> None:
    assert (verb_of("teleport").as1, verb_of("teleport").as2) == ("update", "Update")


def test_an_object_type_that_nobody_knows_keeps_its_word_and_is_a_page() -> None:
    kind = type_of("service-call")

    assert (kind.word, kind.as1, kind.as2) == ("service-call", "service-call", "Page")
    assert (kind.label, kind.plural) == ("service call", "service call")
