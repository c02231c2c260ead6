"""Kinds of arguments that several commands take."""


def port(text: str) -> int:
    """A port to listen on, for argparse. Raises ValueError."""
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError(text)
    return number


def count(text: str) -> int:
    """How many, at least one, for argparse. Raises ValueError."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
