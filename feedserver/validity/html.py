"""HTML as a strict HTML 5 parser reads it: its tags, attributes and references."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

from feedserver.validity.nesting import VOID, MalformedError, Tree
from feedserver.validity.words import words

_RISKY_TAGS = words(
    """applet base basefont bdo body comment embed frame frameset head html iframe isindex link
    listing meta noframes object param plaintext script slot style title xmp"""
)
SAFE_TAGS = words(
    """a abbr acronym address area article aside audio b bdi big blockquote br canvas caption
    center cite code col colgroup dd del details dfn dialog dir div dl dt em fieldset figcaption
    figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd legend li main map mark
    menu meter nav ol p picture pre progress q s samp section small source span strike strong sub
    summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr"""
)
HTML_TAGS = (
    _RISKY_TAGS
    | SAFE_TAGS
    | words(
        """button command data datagrid datalist eventsource form input label m noscript optgroup
        option output rp rt ruby select template textarea"""
    )
)
_SAFE_ATTRIBUTES = words(
    """abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset
    cite class clear color cols colspan compact coords crossorigin datetime decoding default dir
    download draggable face frame headers height hidden high href hreflang hspace id ismap itemid
    itemprop itemref itemscope itemtype kind label lang loading longdesc loop low max media min
    muted name nowrap open optimum playsinline poster preload referrerpolicy rel rev reversed
    rowspan rules scope shape size sizes span spellcheck src srclang srcset start summary tabindex
    target title translate type usemap valign value vspace width xml:lang"""
)
_RAW = words("script style iframe noframes title xmp")

_LONGEST_NAME = max(map(len, html5))
_SPACE = r"[\t\n\f\r ]"
_MARKUP = re.compile(
    rf"""<!--(?!-?>)(?:-?[^-])*-->
    |<(?P<end>/?)(?P<tag>[a-zA-Z][^\t\n\f\r />]*)
     (?P<attributes>(?:{_SPACE}+[^\t\n\f\r />"'<=]+
      (?:{_SPACE}*={_SPACE}*(?:"[^"]*"|'[^']*'|[^\t\n\f\r "'=<>`]+))?)*)
     {_SPACE}*(?P<closed>/?)>""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    rf"""([^\t\n\f\r />"'<=]+)(?:{_SPACE}*={_SPACE}*("[^"]*"|'[^']*'|[^\t\n\f\r "'=<>`]+))?"""
)
_NOT_IN_HTML = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)


@dataclass(frozen=True)
class _Tag:
    name: str
    attributes: tuple[str, ...]


def html_faults(text: str) -> Iterator[tuple[str, str]]:
    """The rules that the fragment does not keep: each by its name, with what is wrong."""
    try:
        tags = _parsed(text)
    except MalformedError as fault:
        yield "NotHtml", str(fault)
        return
    for tag in tags:
        if tag.name in _RISKY_TAGS:
            yield "SecurityRisk", tag.name
        elif tag.name not in SAFE_TAGS:
            yield "NotHtml", f"tag {tag.name} is unknown, or not looked into here"
        for attribute in tag.attributes:
            if attribute == "style":
                yield "DangerousStyleAttr", f"{tag.name} style"
            elif attribute not in _SAFE_ATTRIBUTES and not attribute.startswith("data-"):
                yield "SecurityRiskAttr", f"{tag.name} {attribute}"


def _parsed(text: str) -> list[_Tag]:
    if bad := _NOT_IN_HTML.search(text):
        raise MalformedError(f"U+{ord(bad[0]):04X} is no character of HTML")
    tags = []
    tree = Tree()
    position = 0
    while position < len(text):
        opening = text.find("<", position)
        plain = text[position : opening if opening >= 0 else len(text)]
        _check_references(plain)
        tree.text(plain)
        position += len(plain)
        if position == len(text):
            break
        match = _MARKUP.match(text, position)
        if match is None:
            raise MalformedError(f"no tag at {text[position : position + 20]!r}")
        position = match.end()
        name = (match["tag"] or "").lower()
        if match["end"]:
            if match["attributes"] or match["closed"]:
                raise MalformedError(f"more than a name in </{name}>")
            tree.end(name)
        elif name:
            tags.append(_Tag(name, _attribute_names(match["attributes"])))
            if match["closed"] and name not in VOID:
                raise MalformedError(f"<{name}/> does not close {name}")
            if name in _RAW:
                position = _end_of_raw_text(text, position, name)
            else:
                tree.start(name)
    tree.finish()
    return tags


def _end_of_raw_text(text: str, position: int, name: str) -> int:
    end = re.compile(rf"</{name}{_SPACE}*>", re.IGNORECASE).search(text, position)
    if end is None:
        raise MalformedError(f"{name} is not closed")
    return end.end()


def _attribute_names(text: str) -> tuple[str, ...]:
    pairs = _ATTRIBUTE.findall(text)
    names = tuple(name.lower() for name, _ in pairs)
    if len(set(names)) < len(names):
        raise MalformedError(f"an attribute comes twice in{text}")
    for _, value in pairs:
        _check_references(value.strip("\"'"), in_attribute=value)
    return names


def _check_references(text: str, in_attribute: str = "") -> None:
    for match in re.finditer(r"&(?:#([xX]?)([0-9a-fA-F]*)(;?)|([^\t\n\f\r <&][^<&]*))", text):
        hexadecimal, digits, semicolon, name = match.groups()
        if name is None:
            _check_number(digits, 16 if hexadecimal else 10, semicolon)
        elif name[0] != in_attribute[:1]:
            _check_name(name)


def _check_name(text: str) -> None:
    names = (text[:end] for end in range(min(len(text), _LONGEST_NAME) + 1))
    longest = max((name for name in names if name in html5), default="", key=len)
    if not longest.endswith(";"):
        raise MalformedError(f"&{text[:20]} is no named reference")


def _check_number(digits: str, radix: int, semicolon: str) -> None:
    digits = digits if radix == 16 else (re.match(r"\d*", digits) or [""])[0]
    if not digits or not semicolon:
        raise MalformedError(f"&#{digits} is no numeric reference")
    number = int(digits, radix)
    surrogate = 0xD800 <= number <= 0xDFFF
    if number > 0x10FFFF or surrogate or number == 13 or _NOT_IN_HTML.match(chr(number)):
        raise MalformedError(f"&#{digits}; is no character of HTML")
