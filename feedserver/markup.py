"""HTML from outside: made harmless, or read as text."""

import html
import re
from functools import lru_cache

import nh3

from feedserver.model.iris import LINK_SCHEMES
from feedserver.model.text import clean

"""The schemes of the links that are kept; all others could run or fetch something."""

_cleaner = nh3.Cleaner(
    attributes={tag: names - {"cite"} for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    url_schemes=set(LINK_SCHEMES),
    url_relative="deny",
)
_text_only = nh3.Cleaner(tags=set())
_PASSES = 3

# What `sanitised` leaves as it is. The quantifiers take no way back: each character is seen once.
_TEXT = r"(?:[^<>&\xa0]++|<br>|&amp;|&lt;|&gt;)"
_HARMLESS = re.compile(rf"{_TEXT}*+")
# A parser takes a byte order mark at the beginning away.
_PARAGRAPHS = re.compile(
    rf"(?!\ufeff)(?:{_TEXT}|<p>(?:{_TEXT}|<(b|em|i|strong)>{_TEXT}++</\1>)*+</p>)*+"
)

_SHORT = 4096  # characters of what most activities say

# Text between tags that hide none of it, and move none of it elsewhere, wherever they stand.
_PLAIN = re.compile(
    r"(?:[^<>&\x00-\x08\x0b-\x1f]++|&(?:amp|lt|gt);"
    r"|</?(?:a|b|blockquote|br|code|div|em|h[1-6]|i|li|ol|p|s|span|strong|u|ul)"
    r"(?: [a-z]+=\"[^\"<>&]*+\")*+>)*+"
)

# Tags before which a reader sees a break or a gap.
_BREAK = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|caption|center|d[dlt]|details|div|fig\w+|footer"
    r"|form|h[1-6]|header|hr|img|li|main|nav|ol|option|p|pre|section|summary|t[adhr]\w*|ul)\b)",
    re.IGNORECASE,
)

# A thousand open <b> that differ in an attribute are opened anew in each of a thousand paragraphs:
# 17 kB become 19 MB. Without attributes an HTML parser opens three.
_FORMATTING = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/][^>]*>", re.IGNORECASE
)
# The parser takes the square of how deep tags are in each other, and of the attributes of a tag:
# 0.15 s for 10,000 <div>, 0.5 s for 200 kB of attributes, half a minute for 1 MB of either.
_MANY = 10_000
_LONG = 100_000
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{4096,}>?")
_TAG = re.compile(r"<[^<>]*>")
_PRE = re.compile(r"(<pre\b[^<>]*>)\n+", re.IGNORECASE)  # each parser takes one line feed away


def sanitised(markup: str) -> str:
    """The HTML fragment with nothing in it that runs or leads astray.

    Scripts, styles, event handlers, forms and frames are taken out; of links those with an
    absolute http, https or mailto address are kept. What is very long, or has very many tags,
    becomes its text. Sanitising twice changes nothing more. Clean text (`model/text.py`) stays
    clean, whatever character references are in it.
    """
    if _HARMLESS.fullmatch(markup):  # plain text that was escaped, a hundred times as fast
        return markup
    if len(markup) <= _SHORT and _PARAGRAPHS.fullmatch(markup):  # ten times as fast
        return markup
    # On its way into the log the same is sanitised by whoever reads it, and again by the intake.
    return _remembered(markup) if len(markup) <= _SHORT else _sanitised(markup)


def _sanitised(markup: str) -> str:
    for _ in range(_PASSES):
        before, markup = markup, clean(_cleaner.clean(_bounded(markup)))
        if markup == before:
            return markup
    return clean(_cleaner.clean(html.escape(text_of(markup), quote=False)))


_remembered = lru_cache(1000)(_sanitised)


def text_of(markup: str) -> str:
    """The text that a reader of the HTML fragment sees, without its tags; words stay apart."""
    if "<" not in markup and "&" not in markup:
        return markup
    if len(markup) <= _SHORT and _PLAIN.fullmatch(markup):  # ten times as fast, and the same
        return clean(html.unescape(_TAG.sub("", _BREAK.sub(" <", markup))))
    return _read(markup)


def _read(markup: str) -> str:
    return clean(html.unescape(_text_only.clean(_bounded(_BREAK.sub(" <", markup)))))


def _bounded(markup: str) -> str:
    """The markup without what would make the parser slow, or its answer large."""
    if len(markup) > _LONG or markup.count("<") > _MANY:
        return html.escape(html.unescape(_TAG.sub(" ", markup)), quote=False)
    if len(markup) > _SHORT:
        markup = _LONG_TAG.sub("", markup)
    tags, end, rest = markup.rpartition(">")  # behind the last > nothing ends, and is searched
    return _PRE.sub(r"\1", _FORMATTING.sub(r"<\1>", tags + end)) + rest
