from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from cinekit.app import models as command
from cinekit.store.weights import KnownModel
from tests.unit.local_server import CONTENT, server

__all__ = ["server"]  # a fixture

SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(monkeypatch, tmp_path, server) -> Path:
    """The models folder, with one known model that the local server has."""
    tiny = KnownModel(
        name="tiny",
        file_name="net.onnx",
        bytes=len(CONTENT),
        sha256=SHA,
        url=server.url,
        licence="CC0",
        classes="voc_21",
        good_at="nothing",
    )
    nowhere = dataclasses.replace(tiny, name="nowhere", file_name="nowhere.onnx", url=None)
    known = {"tiny": tiny, "nowhere": nowhere}
    monkeypatch.setattr(command, "known_models", lambda: known)
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "store"))
    return tmp_path / "store"


def put(folder: Path, content: bytes = CONTENT) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "net.onnx"
    path.write_bytes(content)
    return path


def test_list_says_what_is_here_and_what_each_is_good_at(run, folder, server):
    out = run("models").out
    assert run("models", "list").out == out
    assert "not installed: cinekit models get tiny" in out
    for word in ("nothing", "voc_21", "768.0 kB", "CC0", server.url, "no address known"):
        assert word in out
    assert str(folder) in out
    assert server.ranges == []
    put(folder)
    assert f"installed: {folder / 'net.onnx'}" in run("models").out
    put(folder, CONTENT[:9])
    assert "damaged or another version: 9 bytes" in run("models").out


def test_the_models_that_cinekit_knows_are_listed(run):
    out = run("models").out
    for name in ("ade20k", "voc", "selfie_landscape"):
        assert f"\n{name} " in f"\n{out}"


def test_get_downloads_with_the_users_word(run, folder, server):
    done = run("models", "get", "tiny", "yes=true")
    assert done.status == 0
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert done.out.splitlines()[-1] == str(folder / "net.onnx")
    assert "licence: CC0" in done.out
    assert "net.onnx" in done.err  # the stage, on stderr


def test_get_without_the_users_word_downloads_nothing(run, folder, server, monkeypatch):
    done = run("models", "get", "tiny")
    assert done.status == 1
    assert "'net.onnx' was not downloaded" in done.error
    assert str(folder) in done.error
    assert server.ranges == []


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("\n", 1)])
def test_get_asks_somebody_who_is_there(run, folder, server, monkeypatch, answer, status):
    import io

    keyboard = io.StringIO(answer)
    keyboard.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", keyboard)
    done = run("models", "get", "tiny")
    assert done.status == status
    assert f"download it to {folder / 'net.onnx'}? [y/N]" in done.out
    assert bool(server.ranges) is (status == 0)


def test_a_second_get_goes_on_where_the_first_was_cut_off(run, folder, server):
    server.cut = 300_000
    done = run("models", "get", "tiny", "yes=true")
    assert done.status == 1
    assert "could not download 'net.onnx'" in done.error.splitlines()[-1]
    assert "downloaded: cinekit models get tiny" in run("models").out
    assert run("models", "get", "tiny", "yes=true").status == 0
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert server.ranges[0] is None
    assert server.ranges[1] == "bytes=300000-"
    assert not (folder / "net.onnx.part").exists()


def test_get_of_what_is_here_asks_nobody(run, folder, server):
    put(folder)
    assert run("models", "get", "tiny").status == 0
    assert server.ranges == []


def test_what_is_not_the_expected_file_is_not_kept(run, folder, server, monkeypatch):
    wrong = dataclasses.replace(command.known_models()["tiny"], sha256="0" * 64)
    monkeypatch.setattr(command, "known_models", lambda: {"tiny": wrong})
    done = run("models", "get", "tiny", "yes=true")
    assert done.status == 1
    assert "is not the expected 'net.onnx'" in done.err
    assert list(folder.iterdir()) == []


def test_offline_get_says_the_file_and_where_to_put_it(run, folder, monkeypatch):
    offline = dataclasses.replace(command.known_models()["tiny"], url="http://127.0.0.1:9/net.onnx")
    monkeypatch.setattr(command, "known_models", lambda: {"tiny": offline})
    done = run("models", "get", "tiny", "yes=true")
    assert done.status == 1
    last = done.err.splitlines()[-1]
    assert last.startswith("cinekit: could not download 'net.onnx'")
    assert f"put it into {folder}" in last
    assert "Traceback" not in done.err


def test_a_model_without_an_address_says_so(run, folder):
    done = run("models", "get", "nowhere", "yes=true")
    assert done.status == 1
    assert "no address is known for 'nowhere.onnx'" in done.error


def test_path_is_for_scripts(run, folder, server):
    assert run("models", "path").out == f"{folder}\n"
    done = run("models", "path", "tiny")
    assert done.status == 1
    assert "'net.onnx' are not installed" in done.error
    assert server.url in done.error
    path = put(folder)
    assert run("models", "path", "tiny").out == f"{path}\n"
    assert run("models", "path", "net.onnx").out == f"{path}\n"


def test_verify_reads_the_files(run, folder):
    assert run("models", "verify").status == 0
    assert run("models", "verify", "tiny").status == 1
    put(folder)
    done = run("models", "verify", "tiny")
    assert done.status == 0
    assert "ok:" in done.out
    put(folder, CONTENT[:-1] + b"!")
    done = run("models", "verify")
    assert done.status == 1
    assert "damaged or another version" in done.out


def test_a_file_without_a_known_sum_is_taken_as_it_is(run, folder, server, monkeypatch):
    unknown = dataclasses.replace(command.known_models()["tiny"], sha256=None, bytes=None)
    monkeypatch.setattr(command, "known_models", lambda: {"tiny": unknown})
    done = run("models", "get", "tiny", "yes=true")
    assert done.status == 0
    assert "tiny: size not known from " in done.out
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert f"installed: {folder / 'net.onnx'}" in run("models").out
    done = run("models", "verify", "tiny")
    assert done.status == 0
    assert "cannot be verified, no SHA-256 is known" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lst",), "unknown command 'models lst' (did you mean 'list'?)"),
        (("get",), "expected names: cinekit models get NAME"),
        (("get", "tinny"), "unknown model 'tinny' (did you mean 'tiny'?); known: tiny, nowhere"),
    ],
)
def test_what_is_wrong_is_one_line(run, folder, arguments, message):
    done = run("models", *arguments)
    assert done.status == 1
    assert message in done.error


def test_get_takes_another_address(run, folder, server):
    done = run("models", "get", "nowhere", f"url={server.url}", "yes=true")
    assert done.status == 0, done.err
    assert (folder / "nowhere.onnx").read_bytes() == CONTENT
    done = run("models", "get", "tiny", "nowhere", f"url={server.url}", "yes=true")
    assert "url: expected one name with it, received 2" in done.error
