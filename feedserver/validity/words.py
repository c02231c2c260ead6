"""Lists of words, as the rules write them."""


def words(text: str) -> frozenset[str]:
    """The words of the text."""
    return frozenset(text.split())
