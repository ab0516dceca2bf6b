from __future__ import annotations

from pathlib import Path

import pytest

from cinekit.errors import WeightsError
from cinekit.plug.registry import load_plugins
from cinekit.store.paths import models_folder
from cinekit.store.weights import (
    KnownModel,
    checksum,
    download,
    find_weights,
    verify,
)
from tests.unit.local_server import CONTENT, server

__all__ = ["server"]  # a fixture


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "store"))
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


def test_the_folder_is_where_the_user_says(store):
    assert models_folder() == store


def test_without_a_word_it_is_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("CINEKIT_MODELS", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert models_folder() == tmp_path / "cinekit" / "models"


def test_weights_are_found_by_path_and_by_name(store, tmp_path):
    (store / "net.tflite").write_bytes(b"in the store")
    elsewhere = tmp_path / "other.tflite"
    elsewhere.write_bytes(b"elsewhere")
    assert find_weights("net.tflite") == store / "net.tflite"
    assert find_weights(elsewhere) == elsewhere


def test_missing_weights_say_which_and_where_to_put_them(store):
    with pytest.raises(WeightsError) as error:
        find_weights("net.tflite")
    message = str(error.value)
    assert "\n" not in message
    assert "'net.tflite'" in message
    assert str(store) in message


def test_missing_weights_of_a_known_model_say_where_they_are_published(store):
    model = KnownModel(
        name="selfie",
        file_name="selfie.tflite",
        bytes=None,
        sha256=None,
        url="https://example.org/selfie",
        licence="CC0",
        classes="person",
        good_at="people",
    )
    with pytest.raises(WeightsError, match=r"published at https://example\.org/selfie") as caught:
        find_weights("selfie.tflite", [model])
    assert f"'cinekit models get {model.name}' fetches them" in str(caught.value)


def test_a_wrong_path_is_not_looked_up_in_the_store(store, tmp_path):
    (store / "net.tflite").write_bytes(b"x")
    with pytest.raises(WeightsError, match="found no file there"):
        find_weights(tmp_path / "wrong" / "net.tflite")


def test_a_checksum_that_differs_is_an_error(store):
    path = store / "net.tflite"
    path.write_bytes(b"abc")
    right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert checksum(path) == right
    verify(path, right.upper())
    assert find_weights("net.tflite", sha256=right) == path
    with pytest.raises(WeightsError, match="damaged or another version"):
        find_weights("net.tflite", sha256="0" * 64)


def test_known_models_are_those_of_the_test_data(test_data):
    found = {path.name: path for path in (test_data / "weights").iterdir()}
    known = load_plugins().weights.values()
    checked = [model for model in known if model.sha256 and model.file_name in found]
    assert len(checked) == 6
    for model in checked:
        assert found[model.file_name].stat().st_size == model.bytes
        assert checksum(found[model.file_name]) == model.sha256


def test_a_download_arrives_whole_with_progress(server, tmp_path):
    path = tmp_path / "new" / "net.tflite"
    shares: list[float] = []
    assert download(server.url, path, progress=shares.append) == path
    assert path.read_bytes() == CONTENT
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert [p.name for p in path.parent.iterdir()] == ["net.tflite"]


def test_a_download_that_was_cut_off_goes_on_where_it_stopped(server, tmp_path):
    path = tmp_path / "net.tflite"
    server.cut = 300_000
    with pytest.raises(WeightsError, match=r"could not download 'net\.tflite'"):
        download(server.url, path)
    assert not path.exists()
    have = (tmp_path / "net.tflite.part").stat().st_size
    assert 0 < have <= 300_000
    download(server.url, path)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={have}-"]


def test_a_part_that_does_not_fit_is_started_again(server, tmp_path):
    (tmp_path / "net.tflite.part").write_bytes(b"x" * (len(CONTENT) + 5))
    download(server.url, tmp_path / "net.tflite")
    assert (tmp_path / "net.tflite").read_bytes() == CONTENT


def test_the_wrong_content_is_not_kept(server, tmp_path):
    with pytest.raises(WeightsError, match="nothing was kept"):
        download(server.url, tmp_path / "net.tflite", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(b"mine")
    assert download(server.url, path).read_bytes() == b"mine"
    assert server.ranges == []


def test_offline_the_file_and_its_place_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"net\.tflite") as error:
        download("http://127.0.0.1:9/net.tflite", tmp_path / "net.tflite")
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_address_is_an_error(server, tmp_path):
    with pytest.raises(WeightsError, match="Not Found"):
        download(server.url.replace("net", "none"), tmp_path / "net.tflite")
