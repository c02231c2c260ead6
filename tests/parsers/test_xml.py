"""XML as strangers send it: what is harmless is read, and what is not is refused at once."""

import time
from pathlib import Path

import pytest

from feedserver.errors import InvalidRequest
from feedserver.parsers.strict import decode
from feedserver.parsers.xml import MAX_DEPTH, decode_xml, parse_xml


def fault_of(text: str) -> str:
    """Why the text is refused."""
    with pytest.raises(InvalidRequest) as refused:
        parse_xml(text)
    (fault,) = refused.value.faults
    return fault


LAUGHS = "".join(
    f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' if number else '<!ENTITY l0 "lol">'
    for number in range(10)
)


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE entry><entry/>",
        f"<!DOCTYPE entry [{LAUGHS}]><entry>&l9;</entry>",
        '<!DOCTYPE entry [<!ENTITY x SYSTEM "file:///etc/passwd">]><entry>&x;</entry>',
        '<!DOCTYPE entry SYSTEM "http://127.0.0.1:1/x.dtd"><entry/>',
        '<!DOCTYPE entry [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><entry/>',
        '<?xml version="1.0"?>\n<!-- a --> <?php x ?>\n<!DOCTYPE entry><entry/>',
        "\n<!DOCTYPE entry [",
    ],
)
def test_a_doctype_is_refused_before_it_is_read(text: str) -> None:
    began = time.perf_counter()

    assert fault_of(text).startswith("It has a DOCTYPE, which is refused, as entities are.")

    assert time.perf_counter() - began < 1


def test_what_only_looks_like_a_doctype_is_text() -> None:
    root = parse_xml("<a><!-- <!DOCTYPE a> --><![CDATA[<!DOCTYPE a>]]></a>")

    assert root.text == "<!DOCTYPE a>"


def test_a_thousand_comments_are_looked_through_once() -> None:
    began = time.perf_counter()

    parse_xml("<!-- a -->" * 50_000 + "<entry/>")

    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "The body is empty, which is no XML. Send an entry."),
        (" \n", "The body is empty, which is no XML. Send an entry."),
        ("<a>&nbsp;</a>", "It is no XML: Entity 'nbsp' not defined in line 1, column 10."),
        ("<a>\n<b></a>", "It is no XML: Opening and ending tag mismatch: b line 2 and a in line 2"),
        ("<a><b></a></b>", "It is no XML: Opening and ending tag mismatch"),
        ("<a x:y='1'/>", "It is no XML: Namespace prefix x for y on a is not defined in line 1"),
        ("<a>\x01</a>", "It is no XML: PCDATA invalid Char value 1 in line 1, column 4."),
        ("<a/><b/>", "It is no XML: Extra content at the end of the document in line 1, column 5."),
        ("\n<?xml version='1.0'?><a/>", "It is no XML: XML"),
        ('{"actor": "Ann"}', "It is no XML: Start tag expected, '<' not found in line 1, column 1"),
    ],
)
def test_what_is_no_xml_is_told_with_its_place(text: str, told: str) -> None:
    assert fault_of(text).startswith(told)


def test_depth_and_length_are_bounded() -> None:
    depth = MAX_DEPTH
    assert parse_xml("<a>" * depth + "</a>" * depth) is not None

    deeper = fault_of("<a>" * (depth + 1) + "</a>" * (depth + 1))
    longer = fault_of(f"<a>{'x' * 10_100_000}</a>")

    assert deeper == "It is nested deeper than 256 levels. Nest it less."
    assert longer == "A text in it has more than 10,000,000 characters. Shorten it."


@pytest.mark.parametrize(
    ("encoding", "declared", "charset"),
    [
        ("utf-8", "", None),
        ("utf-8-sig", "<?xml version='1.0' encoding='utf-8'?>", None),
        ("utf-16", "", None),
        ("utf-16", '<?xml version="1.0" encoding="UTF-16"?>', None),
        ("utf-16-le", '<?xml version="1.0"?>', None),
        ("cp1252", '<?xml version="1.0" encoding="windows-1252"?>', None),
        ("latin-1", "<?xml version='1.0' encoding = 'ISO-8859-1' standalone='yes'?>", None),
        ("cp1252", "", "windows-1252"),
        ("latin-1", '<?xml version="1.0" encoding="utf-8"?>', "iso-8859-1"),
        ("utf-8-sig", "", "iso-8859-1"),
    ],
)
def test_the_encoding_is_told_by_a_mark_then_the_charset_then_the_declaration(
    encoding: str, declared: str, charset: str | None
) -> None:
    body = f"{declared}<a>Jos\xe9</a>".encode(encoding)

    assert parse_xml(decode_xml(body, charset, decode)).text == "Jos\xe9"


@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="klingon"?>'])
def test_an_encoding_is_never_guessed(declared: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_xml(f"{declared}<a>Jos\xe9</a>".encode("cp1252"), None, decode)


def test_nothing_is_included(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    root = parse_xml(
        '<a xmlns:i="http://www.w3.org/2001/XInclude">'
        f'<i:include href="{tmp_path}/secret" parse="text"/></a>'
    )

    assert "".join(root.itertext()) == ""


@pytest.mark.parametrize("name", ["xmlns", "xmlns:x", f"xmlns:{'x' * 200}", "xml:base"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_what_is_copied_for_each_element_is_bounded(name: str, quote: str) -> None:
    assert parse_xml(f"<a {name} = {quote}{'x' * 1000}{quote}/>") is not None

    assert fault_of(f"<a><b\n{name}={quote}{'x' * 1001}{quote}/></a>").startswith(
        "A namespace, or a base, in it has more than 1,000 characters."
    )
