"""Tables of vectors: the truth that every index is rebuilt from."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from vitrina.vectors.fields import Float32Array


class VectorCollection(models.Model):
    """A logical collection's pointer to the physical one of its embedder. A new embedder is a new collection."""

    alias = models.CharField(max_length=60, help_text="categories, description_templates, product_vectors")
    physical = models.CharField(max_length=120, unique=True)
    embedder_id = models.CharField(max_length=200)
    dense_dim = models.IntegerField(null=True)
    is_active = models.BooleanField(default=False)
    generation = models.IntegerField(default=0, db_default=0, help_text="Which load of the index is read.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["alias"], condition=models.Q(is_active=True), name="one_active_collection"),
        )

    def __str__(self) -> str:
        return self.physical

    @property
    def index_name(self) -> str:
        """The index's collection that is read: a load under readers goes to the next one, then this is switched."""
        return generation_name(self.physical, self.generation)

    @property
    def dense_id(self) -> str | None:
        """Id of the dense embedder, ``None`` for a collection of sparse vectors alone."""
        return self.embedder_id.partition("+")[2] or None


def generation_name(physical: str, generation: int) -> str:
    """Name in the index of a physical collection's n-th load."""
    return f"{physical}_g{generation}" if generation else physical


class DenseModel(models.Model):
    """A dense embedder: a fit of our own (its file is in the object store), or a model behind an endpoint.

    Another fit, model, endpoint or length of vectors is another row. One is active for each (endpoint, model).
    """

    embedder_id = models.CharField(max_length=160, unique=True)
    endpoint = models.CharField(max_length=300, help_text="Base address; 'embedded' for our own fits.")
    model = models.CharField(max_length=200, help_text="What the settings ask for; 'lsa' for our own fits.")
    dim = models.IntegerField(help_text="Length of its vectors.")
    texts = models.IntegerField(default=0, help_text="Texts that a fit was made from.")
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["endpoint", "model"], condition=models.Q(is_active=True), name="one_active_dense_model"
            ),
        )

    def __str__(self) -> str:
        return self.embedder_id


class StoredVector(models.Model):
    """One point: fingerprint of the text it was made from, embedder, dense and sparse parts, payload."""

    collection = models.CharField(max_length=120, help_text="Physical name.")
    key = models.CharField(max_length=300, help_text="Natural key: product id, category slug, template name.")
    point_id = models.UUIDField(help_text="UUIDv5 of collection and key.")
    embedder_id = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    dense = Float32Array(null=True, help_text="float32; bytes in little endian in Python")
    sparse_indices = ArrayField(models.BigIntegerField(), default=list)
    sparse_values = ArrayField(models.FloatField(), default=list)
    payload = models.JSONField(default=dict)
    indexed = models.BooleanField(default=False, help_text="Whether the index holds it.")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["collection", "key"], name="vector_natural_key"),)

    def __str__(self) -> str:
        return f"{self.collection}/{self.key}"
