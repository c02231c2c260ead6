"""A living, made-up CRM in a SQLite database with Clarify's tables."""

from feedserver.crm.demo.crm import Clock, DemoCrm

__all__ = ["Clock", "DemoCrm"]
