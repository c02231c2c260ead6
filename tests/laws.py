"""How often a law is tried, beside the others."""

from hypothesis import settings


def examples(factor: float) -> settings:
    """So many times as many examples as other laws have."""
    return settings(max_examples=round(factor * settings().max_examples))
