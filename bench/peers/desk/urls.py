"""The feeds that django-activity-stream brings."""

from django.urls import include, path

urlpatterns = [path("", include("actstream.urls"))]
