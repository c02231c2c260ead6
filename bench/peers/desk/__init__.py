"""A service desk on django-activity-stream, with the same activities as feedserver's log."""
