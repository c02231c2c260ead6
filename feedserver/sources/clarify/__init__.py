"""The activity log of a Clarify or Dovetail CRM, read from its database."""

from feedserver.sources.clarify.source import ClarifySource, make_source

__all__ = ["ClarifySource", "make_source"]
