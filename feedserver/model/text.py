"""What text may hold: everything XML 1.0 allows, nothing else."""

import html
import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# The complement of Char in XML 1.0 (production 2). Lone surrogates are in it: they cannot be
# encoded as UTF-8 either. So are C1 controls and noncharacters, which HTML forbids.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
)
_ILLEGAL = re.compile(
    f"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[{_NONCHARACTERS}]"
)
_NEWLINE = re.compile("\r\n?|\N{LINE SEPARATOR}")

# C1 controls are Windows-1252 that was read as Latin-1; they are taken for what was meant, as
# HTML does with character references.
_WINDOWS = {
    code: bytes([code]).decode("cp1252", errors="ignore") or REPLACEMENT
    for code in range(0x80, 0xA0)
}
# In most scripts of India the vowels are marks, which \w leaves out.
_MARKS = "".join(
    chr(code) for code in range(0x300, 0x3100) if unicodedata.category(chr(code))[0] == "M"
)
_HASH_WORD = re.compile(
    rf"(?:^|(?<=[\s(\[,;.:!?\"']))#(\w*[^\W\d_][\w{_MARKS}]*(?:-[\w{_MARKS}]+)*)"
)
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """The text with U+FFFD for each character that must not stand in XML, and `\\n` line ends.

    Characters of Windows-1252 that were read as Latin-1 become what they were.
    """
    if text.isprintable():  # nearly always, and told ten times as fast; nothing illegal is
        return text
    return _NEWLINE.sub("\n", _ILLEGAL.sub(REPLACEMENT, text.translate(_WINDOWS)))


def escaped(text: str) -> str:
    """The plain text as HTML that shows the same, line by line."""
    return html.escape(clean(text), quote=False).replace("\n", "<br>\n")


def one_line(text: str) -> str:
    """The text cleaned, on one line, with single spaces."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return _SPACE.sub(" ", clean(text)).strip()


def hash_words(text: str) -> list[str]:
    """The words that are written as `#word` in the plain text, without their `#`."""
    return _HASH_WORD.findall(text)


def shorten(text: str, limit: int) -> str:
    """The text, cut at `limit` characters, where an ellipsis shows it."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
