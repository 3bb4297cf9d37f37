"""Tables of the catalogue: sources, drops, products, quarantine, publications.

Pipelines write ``Product`` and ``QuarantinedRow`` through ``vitrina.warehouse.copy_upsert``; nothing here relies on
signals or ``save`` overrides, which COPY would not run.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now


class Source(models.Model):
    """A parser, shop or supplier: the first folder below ``drops/``."""

    slug = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=200, blank=True)
    full_list = models.BooleanField(default=False, help_text="Each drop is the whole list.")
    config = models.JSONField(default=dict, help_text="source.yaml as read at the last drop.")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.slug


class Drop(models.Model):
    """What a parser left: one object, or one folder. Its key is the partition."""

    class State(models.TextChoices):
        FOUND = "found", "Found"
        PARSED = "parsed", "Parsed"
        UNREADABLE = "unreadable", "Unreadable"

    class Gate(models.TextChoices):
        OPEN = "open", "Open"
        HELD = "held", "Held back"
        RELEASED = "released", "Released by a person"
        REFUSED = "refused", "Refused by a person"

    key = models.CharField(max_length=300, unique=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="drops")
    name = models.CharField(max_length=500)
    path = models.CharField(max_length=1000, help_text="Object key, or key prefix of a folder.")
    is_folder = models.BooleanField(default=False)
    files = models.JSONField(default=list, help_text="[{key, size, etag}]")
    digest = models.CharField(max_length=64)
    stamp = models.CharField(
        max_length=16, help_text="Of size, time or ETag: the bytes are read again only when it changes."
    )
    size = models.BigIntegerField(default=0)
    modified_at = models.DateTimeField(help_text="The drop's own time: newer data wins by it.")
    seen_at = models.DateTimeField(db_default=Now())
    batch = models.CharField(max_length=200, blank=True, help_text="run_key of the intake run that was asked for.")

    state = models.CharField(max_length=12, choices=State, default=State.FOUND)
    message = models.TextField(blank=True, help_text="Why the drop cannot be read.")
    format = models.CharField(max_length=60, blank=True)
    encoding = models.CharField(max_length=60, blank=True)
    rows = models.IntegerField(default=0)
    accepted = models.IntegerField(default=0)
    quarantined = models.IntegerField(default=0)
    merged = models.IntegerField(default=0)
    reasons = models.JSONField(default=dict)
    columns = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    new_products = models.IntegerField(default=0)
    changed_products = models.IntegerField(default=0)
    unchanged_products = models.IntegerField(default=0)
    stale_products = models.IntegerField(default=0, help_text="Rows that a newer drop has overtaken.")
    delisted_products = models.IntegerField(default=0)
    confirmed = models.BinaryField(
        null=True,
        help_text="Ids of products whose rows stood already, as packed int64: this drop's time counts for them.",
    )
    gate = models.CharField(max_length=10, choices=Gate, default=Gate.OPEN)
    gate_reasons = models.JSONField(default=list)
    parsed_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    run_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = (models.Index(fields=["source", "modified_at"]), models.Index(fields=["state"]))

    def __str__(self) -> str:
        return self.key


class Product(models.Model):
    """One product of one source. ``drop`` is where most of its fields came from; ``field_drops`` names the rest."""

    # Rows come by COPY only, in a transaction that holds the drop's row and the source's lock, and neither is ever
    # deleted: checking both keys row by row took 0.3 s of a 2.0 s intake of 47,000 products. A dbt test looks instead.
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="products", db_constraint=False, db_index=False
    )
    external_id = models.CharField(max_length=300)
    identity = models.CharField(max_length=10)
    title = models.TextField()
    description = models.TextField(null=True)
    brand = models.TextField(null=True)
    price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, null=True)
    old_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    price_note = models.CharField(max_length=20, null=True)
    supplier = models.TextField(null=True)
    url = models.TextField(null=True)
    image_urls = models.JSONField(default=list)
    category_hint = models.TextField(null=True)
    barcodes = models.JSONField(default=list)
    available = models.BooleanField(null=True)
    attributes = models.JSONField(default=dict)
    row_hash = models.UUIDField(help_text="Hash of all parsed fields of the row in `drop`.")
    content_hash = models.UUIDField(help_text="Hash of the fields that descriptions are made from.")
    drop = models.ForeignKey(Drop, on_delete=models.PROTECT, related_name="products", db_constraint=False)
    drop_time = models.DateTimeField()
    field_drops = models.JSONField(default=dict, help_text="field → [drop key, time] where it is not `drop`.")
    row_number = models.IntegerField(default=0)
    listed = models.BooleanField(default=True, help_text="False: the source's full list no longer has it.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "external_id"], name="product_natural_key"),)

    def __str__(self) -> str:
        return self.title


class ProductWords(models.Model):
    """Words of a product for people's searches. Brought up to date by who searches (``vitrina.catalog.search``).

    A table of its own: an index over the products' titles would cost each intake 0.6 s for 47,000 products.
    """

    # Rows follow the products by their time of change; neither is checked row by row, as the products' own keys.
    product = models.OneToOneField(
        Product, on_delete=models.CASCADE, primary_key=True, related_name="words", db_constraint=False
    )
    words = SearchVectorField(help_text="Russian stems, and the words as they stand.")
    stamp = models.DateTimeField(help_text="`updated_at` of the product that they were taken from.")

    class Meta:
        # Without fastupdate: what one search writes is not gone through by the next.
        indexes = (GinIndex(fields=["words"], name="product_words", fastupdate=False),)

    def __str__(self) -> str:
        return str(self.product_id)


class QuarantinedRow(models.Model):
    """A row that is not a product: kept with reason, row number and raw value."""

    drop = models.ForeignKey(Drop, on_delete=models.CASCADE, related_name="quarantine")
    ordinal = models.IntegerField(help_text="Position among the drop's quarantined rows.")
    file = models.CharField(max_length=500, blank=True)
    number = models.IntegerField()
    reason = models.CharField(max_length=40)
    message = models.TextField()
    raw = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["drop", "ordinal"], name="quarantine_natural_key"),)
        indexes = (models.Index(fields=["reason"]),)

    def __str__(self) -> str:
        return f"{self.file}:{self.number} {self.reason}"


class Publication(models.Model):
    """What buyers see of a product: it points at one immutable content version."""

    class State(models.TextChoices):
        PUBLISHED = "published", "Published"
        UNPUBLISHED = "unpublished", "Taken down"
        DELISTED = "delisted", "No longer in the source's list"

    product = models.OneToOneField(Product, on_delete=models.CASCADE, related_name="publication")
    version = models.ForeignKey("content.ContentVersion", on_delete=models.PROTECT, related_name="publications")
    category = models.ForeignKey("categories.Category", on_delete=models.PROTECT, null=True)
    price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    old_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, null=True)
    available = models.BooleanField(null=True)
    pictures = models.JSONField(default=list, help_text="Stored pictures in order: keys and sizes.")
    state = models.CharField(max_length=12, choices=State, default=State.PUBLISHED)
    fingerprint = models.CharField(max_length=64)
    published_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["state"]),)

    def __str__(self) -> str:
        return f"{self.product_id}: {self.state}"
