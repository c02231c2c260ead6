"""The entry by HTTP: a Flask application around a server."""
