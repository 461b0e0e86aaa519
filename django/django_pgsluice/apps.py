from django.apps import AppConfig


class PgsluiceConfig(AppConfig):
    """Registers the system checks, the template tag, the commands and the admin's template; connects nowhere."""

    name = "django_pgsluice"
    verbose_name = "pgsluice"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers them
