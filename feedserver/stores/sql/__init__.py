"""The log in a relational database, by SQLAlchemy Core."""
