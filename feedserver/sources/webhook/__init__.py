"""What is delivered to an address of ours: who may, and what becomes of it."""

from feedserver.sources.webhook.making import make_hook

__all__ = ["make_hook"]
