"""Tables of categories: the tree, labelled titles, trained models, the category of each product."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Category(models.Model):
    """A node of the shop's own tree, named in every catalogue language."""

    slug = models.CharField(max_length=120, unique=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name_ru = models.CharField(max_length=200)
    name_tr = models.CharField(max_length=200, blank=True)
    name_en = models.CharField(max_length=200, blank=True)
    path_ru = models.CharField(max_length=600, help_text="Одежда > Женщинам > Платья")
    synonyms = models.JSONField(default=dict, help_text="Language → list of words.")
    needs_review = models.BooleanField(default=False, help_text="Texts of this category always go to a person.")
    is_active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.path_ru


class CategoryLabel(models.Model):
    """A title whose category is known: from the tree's file, from a labelled list, from a person's decision."""

    title = models.TextField()
    title_hash = models.UUIDField(help_text="Hash of the normalised title.")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="labels")
    origin = models.CharField(max_length=40, help_text="tree, import:<name>, person")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["title_hash", "category"], name="label_natural_key"),)

    def __str__(self) -> str:
        return self.title


class CategoryModelVersion(models.Model):
    """A trained classifier: its file lies in the object store, its figures here."""

    fit_hash = models.CharField(max_length=64, unique=True)
    object_key = models.CharField(max_length=500)
    labels = models.IntegerField()
    classes = models.IntegerField()
    automatic_threshold = models.FloatField(null=True)
    metrics = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.fit_hash[:12]


class ProductCategory(models.Model):
    """The category of a product now, who decided it, and how sure the answer is."""

    class DecidedBy(models.TextChoices):
        CLASSIFIER = "classifier", "Classifier"
        NEIGHBOURS = "neighbours", "Nearest categories"
        LLM = "llm", "Language model"
        PERSON = "person", "Person"
        NOBODY = "nobody", "Nobody yet"

    product = models.OneToOneField("catalog.Product", on_delete=models.CASCADE, related_name="category")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, related_name="products")
    confidence = models.FloatField(default=0.0, help_text="Calibrated, 0..1.")
    decided_by = models.CharField(max_length=12, choices=DecidedBy)
    alternatives = models.JSONField(default=list, help_text="[{slug, confidence}], at most 3.")
    attributes = models.JSONField(default=dict, help_text="gender, age_group, clothing_type, season, style")
    reasoning = models.TextField(blank=True)
    fingerprint = models.CharField(
        max_length=64, help_text="Of title, text and tree; models change it by backfill only."
    )
    maker = models.CharField(max_length=200, blank=True, help_text="Classifier fit and LLM that made it.")
    run_id = models.CharField(max_length=64, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["category"]),)

    def __str__(self) -> str:
        return f"{self.product_id}: {self.category_id}"
