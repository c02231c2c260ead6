"""Rules for texts: plain ones, and those that say that they are HTML or XHTML."""

import re
from html.entities import name2codepoint

from feedserver.validity.elements import XHTML, Context, Element
from feedserver.validity.html import HTML_TAGS, SAFE_TAGS, html_faults
from feedserver.validity.structure import check_attributes, leaf
from feedserver.validity.uris import REFERENCE, check_uri

MEDIA_TYPE = re.compile(
    r"""[^\s()<>,;:\\"/[\]?=]+/[^\s()<>,;:\\"/[\]?=]+"""
    r"""(?:\s*;\s*[^\s()<>,;:\\"/[\]?=]+=(?:"[^"]*"|[^\s()<>,;:\\"/[\]?=]+))*"""
)


def check_no_html(
    context: Context, element: Element, text: str, rule: str = "ContainsHTML"
) -> None:
    """The text must hold nothing that looks like HTML."""
    tags = [tag for tag in re.findall(r"</(\w+)>", text) if tag.lower() in HTML_TAGS]
    if tags:
        context.add(rule, element, f"</{tags[0]}>")
    # A hexadecimal reference in the line of the start tag says that the signs are meant.
    elif element.line not in context.lines_with_references:
        for name in re.findall(r"&(#?\w+)", text):
            if name in name2codepoint or name == "apos" or not name.isalpha():
                context.add(rule, element, f"&{name}")


def plain(context: Context, element: Element) -> None:
    """Plain text, and nothing else."""
    leaf(context, element)
    check_no_html(context, element, element.text)


def text_construct(context: Context, element: Element) -> None:
    """A text construct (RFC 4287, section 3.1)."""
    kind = element.get("type")
    if kind and "/" in kind:
        context.add("InvalidTextType", element, kind)
    _check_typed_text(context, element, kind)


def content(context: Context, element: Element) -> None:
    """The content of an entry (RFC 4287, section 4.1.3)."""
    source = element.get("src")
    if source is not None:
        check_uri(context, element, source, REFERENCE, "InvalidURIAttribute")
        if element.get("type") is None:
            context.add("MissingTypeAttr", element)
        if element.text.strip():
            context.add("UnexpectedText", element)
    _check_typed_text(context, element, element.get("type"))


def _check_typed_text(context: Context, element: Element, kind: str | None) -> None:
    check_attributes(context, element, frozenset({"type", "src"}))
    if kind == "":
        context.add("AttrNotBlank", element, "type")
    elif kind not in (None, "text", "html", "xhtml") and not MEDIA_TYPE.fullmatch(kind or ""):
        context.add("InvalidMIMEType", element, kind or "")
    if not element.text and not element.children and element.get("src") is None:
        context.add("NotBlank", element)
    if kind == "xhtml":
        _check_xhtml(context, element)
        return
    if element.children and not (kind or "").endswith(("+xml", "/xml")):
        context.add("UndefinedElement", element.children[0], f"type is {kind or 'text'}")
    if kind == "html" or (kind or "").endswith("/html"):
        check_html(context, element, element.text)
        if kind != "html" and "<html" not in element.text and element.get("src") is None:
            context.add("HtmlFragment", element)
    elif "/" in (kind or "") and not is_textual(kind or ""):
        if not re.fullmatch(r"[A-Za-z0-9+/=\s]*", element.text):
            context.add("NotBase64", element)
    else:
        check_no_html(context, element, element.text, "ContainsUndeclaredHTML")


def is_textual(media_type: str) -> bool:
    """Whether what has that type stands as it is, and not as Base64."""
    return media_type.startswith("text/") or media_type.endswith(("+xml", "/xml"))


def _check_xhtml(context: Context, element: Element) -> None:
    first = element.children[0] if element.children else None
    if first is None or first.name != "div" or element.text.strip():
        context.add("MissingXhtmlDiv", element)
    for child in element.children:
        check_no_html(context, element, child.text, "NotInline")
        _check_xhtml_element(context, child)


def _check_xhtml_element(context: Context, element: Element) -> None:
    if element.namespace != XHTML or element.name not in HTML_TAGS:
        context.add("NotHtml", element, f"{{{element.namespace}}}{element.name}")
    elif element.name not in SAFE_TAGS:
        context.add("SecurityRisk", element, element.name)
    for _, name in element.attributes:
        if name == "style":
            context.add("DangerousStyleAttr", element)
        elif name.startswith("on"):
            context.add("SecurityRiskAttr", element, name)
    for child in element.children:
        _check_xhtml_element(context, child)


def check_html(context: Context, element: Element, text: str) -> None:
    """The text must be HTML that a strict parser takes, each tag and attribute harmless."""
    for rule, what in html_faults(text):
        context.add(rule, element, what)
