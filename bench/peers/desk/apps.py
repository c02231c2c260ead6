"""The application: whose activities there are."""

from django.apps import AppConfig


class Desk(AppConfig):
    """Agents and tickets."""

    name = "desk"

    def ready(self) -> None:
        """Tell django-activity-stream what may be in an activity."""
        from actstream import registry
        from django.contrib.auth import get_user_model

        registry.register(get_user_model(), self.get_model("Ticket"))
