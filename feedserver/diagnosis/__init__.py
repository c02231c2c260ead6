"""Diagnosis: an installation is looked at, with what to mend; nothing is changed."""
