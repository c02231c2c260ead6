"""Simulated readers: the rules by which services that poll feeds find out what is new.

Each class keeps to what its service is known to do, for better or worse, and has its own state.
"""
