import tests.django_apps  # noqa: F401 - test modules import models at their head
