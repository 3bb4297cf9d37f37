"""The Django project that joins the apps of the domain: settings, URLs, start-up. No models of its own."""
