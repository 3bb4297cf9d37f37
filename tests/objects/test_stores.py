"""One contract for the folder and the bucket (a moto server on loopback), then what is theirs alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError
from vitrina.objects import FolderStore, ObjectMissing, ObjectStore, S3Store, open_store

SECRET = "very-secret-words"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str) -> Iterator[S3Store]:
    store = S3Store(
        "shop", endpoint_url=endpoint, access_key_id="a", secret_access_key=SECRET, region="us-east-1", prefix="/in/it/"
    )
    store.client.create_bucket(Bucket="shop")
    yield store
    pages = store.client.list_objects_v2(Bucket="shop").get("Contents", ())
    for item in pages:
        store.client.delete_object(Bucket="shop", Key=item["Key"])
    store.client.delete_bucket(Bucket="shop")


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects")


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    made: ObjectStore = request.getfixturevalue(request.param)
    return made


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [info.key for info in store.list(prefix)]


@pytest.mark.parametrize("data", [b"", b"\x00\xff\r\n", "Платье".encode() * 1000])
def test_what_is_put_is_what_is_got(store, data):
    store.put("drops/магазин/прайс 1+%20.csv", data, content_type="text/csv")
    assert store.get("drops/магазин/прайс 1+%20.csv") == data
    store.put("drops/магазин/прайс 1+%20.csv", b"later")
    assert store.get("drops/магазин/прайс 1+%20.csv") == b"later"


def test_files_go_up_and_come_down(store, tmp_path):
    (tmp_path / "up").write_bytes(b"abc" * 9)
    store.upload("a/b.bin", tmp_path / "up")
    store.download("a/b.bin", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"abc" * 9


def test_a_listing_is_sorted_and_tells_key_size_and_time(store):
    for key in ("drops/b.csv", "drops/a/z.csv", "drops/a.csv", "drops-old/a.csv", "other"):
        store.put(key, b"12345")
    found = list(store.list("drops/"))
    assert [info.key for info in found] == sorted(["drops/a.csv", "drops/a/z.csv", "drops/b.csv"])
    assert {info.size for info in found} == {5}
    assert all(info.modified.tzinfo is not None for info in found)
    assert keys(store, "drops") == keys(store, "drops/"), "a prefix is a folder"
    assert len(keys(store)) == 5
    assert keys(store, "nothing/here") == []


def test_what_is_missing_is_named(store, tmp_path):
    store.put("a/b", b"1")
    for key in ("none", "a", "a/c", "a/b/c"):
        with pytest.raises(ObjectMissing, match=f"no object {key}"):
            store.get(key)
        with pytest.raises(ObjectMissing):
            store.download(key, tmp_path / "down")
    assert issubclass(ObjectMissing, PermanentError)


def test_deleting_twice_is_deleting_once_and_takes_nothing_else(store):
    store.put("a/b", b"1")
    for key in ("a/b/c", "a", "none"):
        store.delete(key)
    assert store.get("a/b") == b"1"
    store.delete("a/b")
    store.delete("a/b")
    assert keys(store) == []


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", "a\0b", "a\\b", "..", "", "."])
def test_a_key_that_could_leave_is_refused_everywhere(store, tmp_path, key):
    (tmp_path / "file").write_bytes(b"x")
    for call in (
        lambda: store.get(key),
        lambda: store.put(key, b"x"),
        lambda: store.upload(key, tmp_path / "file"),
        lambda: store.download(key, tmp_path / "down"),
        lambda: store.delete(key),
    ):
        with pytest.raises(PermanentError, match="not a key"):
            call()
    if key:
        with pytest.raises(PermanentError, match="not a key"):
            keys(store, key)
    assert keys(store) == []


def test_etags_come_from_buckets_alone(folder, bucket, tmp_path):
    for each in (folder, bucket):
        each.put("a", b"1")
    assert [info.etag for info in folder.list("")] == [None]
    assert folder.download("a", tmp_path / "a") is None
    [info] = bucket.list("")
    assert info.etag
    assert bucket.download("a", tmp_path / "a") == info.etag
    bucket.put("a", b"2")
    assert next(bucket.list("")).etag != info.etag


def test_only_a_folder_has_local_files(folder, bucket):
    folder.put("a", b"1")
    path = folder.local_path("a")
    assert path is not None
    assert path.read_bytes() == b"1"
    assert bucket.local_path("a") is None


def test_links_out_of_the_folder_are_neither_listed_nor_followed(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    folder.put("drops/a", b"1")
    (folder.root / "drops/link").symlink_to(outside)
    (folder.root / "drops/file").symlink_to(outside / "secret")
    assert keys(folder, "drops") == ["drops/a"]
    for call in (
        lambda: folder.get("drops/file"),
        lambda: folder.put("drops/link/new", b"x"),
        lambda: folder.delete("drops/link/secret"),
        lambda: keys(folder, "drops/link"),
    ):
        with pytest.raises(PermanentError, match="through a link"):
            call()
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_root_that_is_itself_a_link_works(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "objects").symlink_to(tmp_path / "disk")
    store = FolderStore(tmp_path / "objects")
    store.put("a/b", b"1")
    assert keys(store) == ["a/b"]


def test_a_write_that_fails_half_way_leaves_the_former_object_and_no_trace(folder, monkeypatch, tmp_path):
    folder.put("a", b"former")

    def full_disk(_: object, target: Path) -> None:
        target.write_bytes(b"hal")
        assert keys(folder) == ["a"], "what is being written is no object yet"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vitrina.objects.folder.shutil.copyfile", full_disk)
    with pytest.raises(RetryableError, match="No space left"):
        folder.upload("a", tmp_path / "any")
    assert folder.get("a") == b"former"
    assert [path.name for path in folder.root.iterdir()] == ["a"]


def test_a_name_beyond_the_file_system_is_told_as_an_error_of_ours(folder):
    with pytest.raises(RetryableError, match="could not be"):
        folder.put("я" * 300, b"1")
    with pytest.raises(RetryableError, match="could not be"):
        folder.get("я" * 300)


def test_a_prefix_of_the_bucket_stays_inside_the_store(bucket):
    bucket.client.put_object(Bucket="shop", Key="someone-else", Body=b"1")
    bucket.put("a", b"1")
    assert keys(bucket) == ["a"]
    assert bucket.client.get_object(Bucket="shop", Key="in/it/a")["Body"].read() == b"1"
    assert bucket.describe() == "s3://shop/in/it/"


def test_a_bucket_that_is_not_there_says_what_to_do(endpoint):
    lost = S3Store("nobody", endpoint_url=endpoint, access_key_id="a", secret_access_key=SECRET, region="us-east-1")
    with pytest.raises(PermanentError) as caught:
        lost.put("a", b"1")
    assert "S3_BUCKET" in str(caught.value.hint)
    assert SECRET not in repr(caught.value) + str(caught.value) + repr(lost)


def test_the_settings_choose_the_store(tmp_path):
    plain = Settings(vitrina_home=tmp_path, _env_file=None)
    assert open_store(plain).describe() == str(plain.objects_folder)
    values = {"S3_BUCKET": "shop", "S3_SECRET_ACCESS_KEY": SECRET, "S3_ACCESS_KEY_ID": "id", "S3_PREFIX": "p"}
    chosen = Settings(_env_file=None, **values)
    store = open_store(chosen)
    assert isinstance(store, S3Store)
    assert store.describe() == "s3://shop/p/"
    assert SECRET not in repr(chosen) + repr(store) + store.describe()


def test_what_a_killed_writer_left_is_swept_and_a_writer_at_work_is_not(folder: FolderStore) -> None:
    folder.put("drops/shop/a.csv", b"1")
    left, fresh = (folder.root / "drops" / "shop" / f".writing-{name}.part" for name in ("old", "new"))
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(left, (1_700_000_000, 1_700_000_000))
    day_ago = datetime.now(UTC) - timedelta(days=1)
    assert (folder.sweep(day_ago), folder.sweep(day_ago)) == (1, 0)
    assert (left.exists(), fresh.exists(), keys(folder)) == (False, True, ["drops/shop/a.csv"])
    assert FolderStore(folder.root / "absent").sweep(day_ago) == 0


def test_uploads_that_were_cut_off_leave_no_parts_in_the_bucket(bucket: S3Store) -> None:
    begun = {"Bucket": "shop", "Key": "in/it/drops/big.csv"}
    upload = bucket.client.create_multipart_upload(**begun)["UploadId"]
    bucket.client.upload_part(**begun, UploadId=upload, PartNumber=1, Body=b"x")
    assert bucket.sweep(datetime(2000, 1, 1, tzinfo=UTC)) == 0, "begun later (the server dates all uploads 2010)"
    now = datetime.now(UTC)
    assert (bucket.sweep(now), bucket.sweep(now)) == (1, 0)
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket="shop")
