"""What the activities are about; agents are Django's users."""

from django.db import models


class Ticket(models.Model):
    """A ticket."""

    title = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/tickets/{self.pk}"
