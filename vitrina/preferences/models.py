"""Tables of preferences: candidate texts, what people preferred, datasets and their splits.

Belongs here: the tables. Stays out: votes as people gave them (``vitrina.review``), which are the truth behind
:class:`Preference`; rows here can be made again from them.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from vitrina.preferences.choice_models import Choice, ProductCard, ScoredCandidate

__all__ = [
    "Candidate", "Choice", "DatasetVersion", "ImportedFile", "PairOrigin", "Preference", "ProductCard",
    "ScoredCandidate", "SplitSide",
]  # fmt: skip


class Candidate(models.Model):
    """One text that one writer wrote for one product under one contract. Never changed."""

    class Contract(models.TextChoices):
        CARD = "card", "Short card: 160 to 380 characters"
        DESCRIPTION = "description", "Full description"

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="candidates")
    contract = models.CharField(max_length=12, choices=Contract)
    language = models.CharField(max_length=5)
    writer = models.CharField(max_length=60, help_text="Name of the writer, which no annotator sees.")
    trained_model = models.CharField(
        max_length=64, blank=True, default="",
        help_text="Id of the registered model that wrote it; empty for all other writers.",
    )  # fmt: skip
    model = models.CharField(max_length=200, help_text="Model that answered.")
    prompt_version = models.CharField(max_length=120)
    temperature = models.FloatField(null=True)
    seed = models.PositiveIntegerField(null=True, help_text="Of the embedded writers.")
    sample = models.PositiveSmallIntegerField(default=0, help_text="Which of several answers to the same question.")
    input_hash = models.CharField(max_length=64, help_text="Of the product's facts.")
    fingerprint = models.CharField(max_length=64, unique=True, help_text="Of facts, contract, writer and sample.")
    prompt = models.TextField(help_text="The facts in words: what a dataset shows as the prompt.")
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    violations = models.JSONField(default=list)
    request_key = models.CharField(max_length=64, help_text="Key of the call in the ledger.")
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["product", "contract", "input_hash"], name="candidates_of_a_product"),)

    def __str__(self) -> str:
        return f"{self.contract} of {self.product_id} by {self.writer}"


class PairOrigin(models.Model):
    """Who wrote the two texts of a pair, and why the product was chosen. Nothing of it reaches an annotator."""

    pair = models.OneToOneField("review.ResponsePair", on_delete=models.CASCADE, related_name="origin")
    candidate_a = models.ForeignKey(Candidate, on_delete=models.RESTRICT, related_name="+")
    candidate_b = models.ForeignKey(Candidate, on_delete=models.RESTRICT, related_name="+")
    contract = models.CharField(max_length=12, choices=Candidate.Contract)
    chosen_for = models.CharField(max_length=20, help_text="new, uncertain, random, least_certain, best_of")
    choice = models.ForeignKey(
        Choice, on_delete=models.SET_NULL, null=True, related_name="pairs",
        help_text="Of a pair that measures best of n: which of the two was chosen stands there.",
    )  # fmt: skip
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"origin of pair {self.pair_id}"


class ImportedFile(models.Model):
    """A file of outside preferences. The same bytes under the same name are one import."""

    name = models.CharField(max_length=120, unique=True, help_text="Name of the source in datasets.")
    file = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=40)
    licence = models.CharField(max_length=120, blank=True)
    rows = models.PositiveIntegerField(default=0)
    set_aside = models.JSONField(default=list, help_text="Rows that could not be used: line, reason, message, excerpt.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Preference(models.Model):
    """What people said of two texts, all votes together. ``text_a`` and ``text_b`` are in the order of storage."""

    class Source(models.TextChoices):
        VOTES = "votes", "Votes at the desk"
        EDIT = "edit", "A person's edit over the generated text"
        IMPORT = "import", "A file from outside"

    class Outcome(models.TextChoices):
        A = "a", "The first text"
        B = "b", "The second text"
        TIE = "tie", "Equal"
        BOTH_BAD = "both_bad", "Equal: both are bad"
        SPLIT = "split", "No answer has more votes than every other"

    key = models.CharField(
        max_length=200, unique=True, help_text="pair:<id>:<criterion>, edit:<decision>, import:<name>:<row>."
    )
    source = models.CharField(max_length=8, choices=Source)
    pair = models.ForeignKey("review.ResponsePair", on_delete=models.CASCADE, null=True, related_name="preferences")
    decision = models.OneToOneField("review.Decision", on_delete=models.CASCADE, null=True, related_name="+")
    imported = models.ForeignKey(ImportedFile, on_delete=models.CASCADE, null=True, related_name="preferences")
    product = models.ForeignKey("catalog.Product", on_delete=models.SET_NULL, null=True, related_name="preferences")
    prompt = models.TextField()
    prompt_group = models.CharField(max_length=32, help_text="Of the normalised prompt.")
    criterion = models.CharField(max_length=60, blank=True, help_text="What people were asked to judge.")
    contract = models.CharField(max_length=12, blank=True)
    category = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=5, blank=True)
    text_a = models.TextField()
    text_b = models.TextField()
    writer_a = models.CharField(max_length=60, blank=True)
    writer_b = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    votes = models.JSONField(default=list, help_text="annotator, choice, flip, decision, guidelines of each vote.")
    votes_a = models.PositiveSmallIntegerField(default=0)
    votes_b = models.PositiveSmallIntegerField(default=0)
    votes_tied = models.PositiveSmallIntegerField(default=0)
    margin = models.FloatField(null=True, help_text="Votes for the leading side minus votes against, over all votes.")
    agreement = models.FloatField(null=True, help_text="Share of the leading answer.")
    probability_a = models.FloatField(null=True, help_text="Dawid-Skene: that the first is the better one.")
    probability_tied = models.FloatField(null=True, help_text="Dawid-Skene: that they are equal.")
    fingerprint = models.CharField(max_length=64, help_text="Of everything above.")
    seen = models.CharField(max_length=64, blank=True, default="", help_text="The fingerprint that a dataset last saw.")
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (
            models.Index(fields=["source", "id"], name="preferences_by_source"),
            models.Index(fields=["prompt_group"], name="preferences_of_a_prompt"),
        )

    def __str__(self) -> str:
        return f"{self.key}: {self.outcome}"


class SplitSide(models.Model):
    """On which side of the split a key stands. Once given it never changes, in whatever version."""

    class Side(models.TextChoices):
        TRAIN = "train", "Training"
        VALIDATION = "validation", "Validation"
        TEST = "test", "Test"

    key = models.CharField(max_length=80, unique=True, help_text="prompt:<group> or product:<id>.")
    side = models.CharField(max_length=10, choices=Side)
    bands = ArrayField(models.BigIntegerField(), default=list, help_text="MinHash bands of the prompt.")
    prompt = models.TextField(blank=True, help_text="One prompt of the group, to compare new ones with.")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.key}: {self.side}"


class DatasetVersion(models.Model):
    """One version of the preference dataset; its files are objects. Never changed but for where it was pushed."""

    version = models.CharField(max_length=16, unique=True, help_text="First digits of the hash of its rows.")
    number = models.PositiveIntegerField(unique=True)
    content_hash = models.CharField(max_length=64, unique=True)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    validated = models.BooleanField(default=False, help_text="Its files were read back and its sides do not meet.")
    prefix = models.CharField(max_length=200, help_text="Where its files lie in the object store.")
    files = models.JSONField(default=dict, help_text="File → rows, bytes, sha256.")
    counts = models.JSONField(default=dict, help_text="Pairs by side, ties, unpaired texts, set aside by reason.")
    report = models.JSONField(default=dict, help_text="Agreement, shares, guidelines, sources, difference.")
    seen_preferences = models.PositiveIntegerField(default=0, help_text="Preferences that stood when it was made.")
    pushed = models.JSONField(default=dict, help_text="Repository, revision and time of the last push.")
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    last_made_at = models.DateTimeField(db_default=Now(), help_text="When the preferences last came to this version.")

    def __str__(self) -> str:
        return f"version {self.number} ({self.version})"
