"""What a look at the pages found to be in a reader's way."""

from tests.web.conftest import Site


def test_what_an_error_quotes_is_shown_as_code(site: Site) -> None:
    page = site.get("/all?queu=<i>`", status=400, accept="text/html").text

    assert "<code>queu</code> is no parameter. Did you mean <code>queue</code>?" in page
    assert "<i>" not in page


def test_where_there_is_nothing_to_tick_nothing_can_be_taken(site: Site) -> None:
    empty = site.get("/queues", accept="text/html").text
    site.record_some(1, queues=("Support",))
    full = site.get("/queues", accept="text/html").text

    assert "One feed of all chosen" not in empty
    assert "One feed of all chosen" in full
