"""The activity log of a Clarify or Dovetail CRM, read from its database."""

from feedserver.sources.clarify.making import make_source

__all__ = ["make_source"]
