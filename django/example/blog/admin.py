from django.contrib import admin
from example.admin import ExportingAdmin

from .models import Article, Comment


@admin.register(Article)
class ArticleAdmin(ExportingAdmin):
    list_display = ["title", "author", "is_published", "published_at"]
    list_filter = ["is_published", "published_at"]
    list_select_related = ["author"]
    search_fields = ["title"]
    raw_id_fields = ["author"]


@admin.register(Comment)
class CommentAdmin(ExportingAdmin):
    list_display = ["author_name", "article", "is_public", "created_at"]
    list_filter = ["is_public", "created_at"]
    list_select_related = ["article"]
    raw_id_fields = ["article", "user"]
