"""The blog's tables of sql/demo-schema.sql. They are there already, so Django does not manage them."""

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Article(models.Model):
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    summary = models.TextField(null=True, blank=True)
    body = models.TextField()
    tags = ArrayField(models.TextField())
    metadata = models.JSONField(default=dict)
    reading_time = models.DurationField()
    is_published = models.BooleanField("published", default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    author = models.ForeignKey(User, models.PROTECT)

    class Meta:
        managed = False

    def __str__(self):
        return self.title


class Comment(models.Model):
    body = models.TextField()
    author_name = models.CharField(max_length=80)
    remote_addr = models.GenericIPAddressField("address", null=True, blank=True)
    is_public = models.BooleanField("public", default=True)
    created_at = models.DateTimeField()
    article = models.ForeignKey(Article, models.CASCADE, related_name="comments", db_index=False)
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)

    class Meta:
        managed = False

    def __str__(self):
        return "%s on %s" % (self.author_name, self.article_id)
