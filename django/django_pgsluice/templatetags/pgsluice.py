"""``{% load pgsluice %}``: signed download links in templates."""

from typing import Any

from django import template

from ..grants import grant_url

register = template.Library()


@register.simple_tag
def pgsluice_url(export: str, **kwargs: Any) -> str:
    """The URL of a grant, as ``grant_url()`` makes it: ``{% pgsluice_url "orders" since=day expires=300 as url %}``."""
    return grant_url(export, **kwargs)
