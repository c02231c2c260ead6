"""Mappings: from a foreign record to drafts, as templates and expressions say."""
