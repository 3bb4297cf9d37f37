"""The desk as gunicorn serves it."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "vitrina.project.desk_settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
