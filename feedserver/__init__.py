"""Records what happens in a company's systems and serves feeds of what people care about."""

__version__ = "0.1.0"
