"""Places that are asked for drafts; each brings what it finds and where to go on from."""

from feedserver.registry import Registry

SOURCES = Registry("source type", {"clarify": "feedserver.sources.clarify:make_source"})
"""The types of sources: each makes a source from its name, its settings and the authority."""

HOOKS = Registry("source type", {"webhook": "feedserver.sources.webhook:make_hook"})
"""The types of those that are not asked, but delivered to: as above."""

EVIDENCE = Registry("source type", {"clarify": "feedserver.sources.clarify.evidence:look"})
"""What a database shows before it is made a source, by the type that it would have."""
