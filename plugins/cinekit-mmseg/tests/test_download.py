from __future__ import annotations

import functools
import http.server
import sys
import threading
from pathlib import Path

import pytest
from cinekit_mmseg import segmenter as module
from cinekit_mmseg.index import Entry
from cinekit_mmseg.segmenter import MmsegSegmenter

from cinekit import WeightsError, checksum
from cinekit.testing import identity, segmenter_clip

sys.path.insert(0, str(Path(__file__).parent))

from mmseg_files import narrow_config, narrow_network, write_checkpoint

CLIP = segmenter_clip(3, 32, 48)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A config of the index whose checkpoint is published on this machine, and the checkpoint."""
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "store"))
    config = narrow_config(tmp_path, "fcn")
    (tmp_path / "web").mkdir()
    path = write_checkpoint(tmp_path / "web" / "fcn-0a1b2c3d.pth", narrow_network(config))
    quiet = type(
        "Quiet",
        (http.server.SimpleHTTPRequestHandler,),
        {"log_message": lambda *_: None},
    )
    handler = functools.partial(quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=functools.partial(running.serve_forever, 0.01))
        thread.start()
        url = f"http://127.0.0.1:{running.server_port}/{path.name}"
        monkeypatch.setattr(module, "find_config", lambda _: Entry(config=config, url=url))
        yield path
        running.shutdown()
        thread.join()


def store(path: Path) -> Path:
    return path.parents[1] / "store"


def test_nothing_is_downloaded_without_the_word_of_the_user(published):
    segmenter = MmsegSegmenter(config="fcn")
    words = (
        r"'fcn-0a1b2c3d\.pth' are not installed: segmenter\.download=true fetches them from http"
    )
    with pytest.raises(WeightsError, match=words) as error:
        segmenter.respond(CLIP)
    assert str(store(published)) in str(error.value)
    assert segmenter.unavailable() == str(error.value)
    assert not store(published).exists()


def test_on_request_the_checkpoint_is_fetched_once_with_progress(published):
    segmenter = MmsegSegmenter(config="fcn", download=True, sha256=checksum(published))
    assert segmenter.unavailable() is None
    shares: list[float] = []
    first = segmenter.respond(CLIP, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert any(0 < share <= 0.5 for share in shares)
    place = store(published) / published.name
    assert place.read_bytes() == published.read_bytes()

    published.unlink()
    again = MmsegSegmenter(config="fcn").respond(CLIP)
    assert (again.probabilities == first.probabilities).all()


def test_another_checkpoint_of_the_index_is_another_identity(published):
    segmenter = MmsegSegmenter(config="fcn")
    assert identity(segmenter) is None  # it is not there yet
    place = store(published) / published.name
    place.parent.mkdir()
    place.write_bytes(b"one")
    one = identity(segmenter)
    assert one is not None
    assert identity(MmsegSegmenter(config="fcn")) == one
    place.write_bytes(b"two")
    assert identity(segmenter) not in (None, one)


def test_the_wrong_content_is_not_kept(published):
    with pytest.raises(WeightsError, match="nothing was kept"):
        MmsegSegmenter(config="fcn", download=True, sha256="0" * 64).respond(CLIP)
    assert list(store(published).iterdir()) == []


def test_a_file_of_another_checksum_is_refused(published):
    with pytest.raises(WeightsError, match="to have the SHA-256 000000000000"):
        MmsegSegmenter(config="fcn", checkpoint=str(published), sha256="0" * 64).respond(CLIP)


def test_offline_the_file_and_its_place_are_named(published, monkeypatch):
    entry = Entry(config=published, url=f"http://127.0.0.1:9/{published.name}")
    monkeypatch.setattr(module, "find_config", lambda _: entry)
    with pytest.raises(WeightsError, match=r"could not download 'fcn-0a1b2c3d\.pth'") as error:
        MmsegSegmenter(config="fcn", download=True).respond(CLIP)
    assert str(store(published)) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_config_of_ones_own_has_no_published_checkpoint(tmp_path):
    config = narrow_config(tmp_path, "fcn")
    for download in (False, True):
        reason = MmsegSegmenter(config=str(config), download=download).unavailable()
        assert reason is not None
        assert "names none for" in reason
