"""The ratings store loses nothing: killed writers, two writers, round trips."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from cinekit.errors import RankError
from cinekit.rank.store import RatingsStore


@pytest.fixture
def store(tmp_path: Path) -> RatingsStore:
    made = RatingsStore(tmp_path / "ratings.sqlite")
    made.add_cinemagraph("aa", {"sharpness": 1.0, "area": 0.2}, {"mp4": "a.mp4"})
    made.add_cinemagraph("bb", {"sharpness": 2.0, "faces": math.nan}, {})
    return made


def test_the_table_has_the_latest_rating_and_nan_elsewhere(store: RatingsStore) -> None:
    store.rate("ann", "aa", 2)
    store.rate("bob", "bb", 5)
    store.rate("ann", "aa", 4)
    table = store.table()
    assert table.cinemagraphs == ("aa", "bb")
    assert table.users == ("ann", "bob")
    np.testing.assert_array_equal(table.ratings, [[4, np.nan], [np.nan, 5]])
    assert table.features.names == ("area", "sharpness")
    np.testing.assert_array_equal(table.features.values, [[0.2, 1.0], [np.nan, 2.0]])


def test_history_survives_export_and_import(store: RatingsStore, tmp_path: Path) -> None:
    for rating in (2, 5, 3):
        store.rate("ann", "aa", rating, at=1000.0 + rating)
    assert store.export_csv(tmp_path / "r.csv") == 3
    other = RatingsStore(tmp_path / "other.sqlite")
    assert other.import_csv(tmp_path / "r.csv") == 3
    assert other.import_csv(tmp_path / "r.csv") == 0
    other.export_csv(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "r.csv").read_bytes()


@pytest.mark.parametrize("rating", [0, 5.5, math.nan, -1])
def test_ratings_out_of_range_are_refused(store: RatingsStore, rating: float) -> None:
    with pytest.raises(RankError, match="expected 1 to 5"):
        store.rate("ann", "aa", rating)
    assert store.table().users == ()


def test_an_unknown_cinemagraph_is_refused(store: RatingsStore) -> None:
    with pytest.raises(RankError, match="no cinemagraph zz"):
        store.rate("ann", "zz", 3)


def test_a_bad_csv_adds_nothing(store: RatingsStore, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("user,cinemagraph,rating,time\nann,aa,3,1\nann,aa,9,2\n")
    with pytest.raises(RankError, match="line 3: expected a user, a cinemagraph and a rating"):
        store.import_csv(tmp_path / "bad.csv")
    assert store.table().users == ()


def test_another_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but a text of some length " * 20)
    with pytest.raises(RankError, match="not a usable ratings store"):
        RatingsStore(path)
    assert path.read_text().startswith("not a database")


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from cinekit.rank.store import RatingsStore
    store, user = RatingsStore(Path(sys.argv[1])), sys.argv[2]
    for i in range(int(sys.argv[3])):
        store.rate(user, "aa", 1 + i % 5, at=float(i))
        print(i, flush=True)
    """
)


def writer(store: RatingsStore, user: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(store.path), user, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_writer_loses_nothing_that_it_committed(
    store: RatingsStore, tmp_path: Path
) -> None:
    said = 0
    for round_ in range(3):
        process = writer(store, f"user{round_}", 100_000)
        assert process.stdout is not None
        for _ in range(10 + 7 * round_):
            process.stdout.readline()
        time.sleep(0.01 * round_)
        process.send_signal(signal.SIGKILL)
        said += 10 + 7 * round_ + len(process.stdout.read().splitlines())
        process.stdout.close()
        process.wait()
    assert store.export_csv(tmp_path / "all.csv") >= said  # each line is printed after its commit


def test_two_writers_at_once_lose_nothing(store: RatingsStore, tmp_path: Path) -> None:
    processes = [writer(store, user, 40) for user in ("ann", "bob")]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert store.export_csv(tmp_path / "all.csv") == 80
