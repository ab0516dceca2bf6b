"""What a user gets from the index: the built packages, looked into, installed and run."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import cinekit

ROOT = Path(__file__).parents[2]
HOME = "https://github.com/cinekit/cinekit"


def source_files() -> set[str]:
    """What must be inside: every module, and every data file that a module reads."""
    wanted = {str(path.relative_to(ROOT)) for path in (ROOT / "cinekit").rglob("*.py*")}
    for pattern in ("py.typed", "see/tables/*", "write/templates/*"):
        wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / "cinekit").glob(pattern)}
    wanted |= {
        f"cinekit/{path.relative_to(ROOT)}"
        for path in (ROOT / "conf").rglob("*")
        if path.suffix in (".yaml", ".py")
    }
    return {name for name in wanted if "__pycache__" not in name}


@dataclass(frozen=True)
class Built:
    """The two files that are uploaded."""

    wheel: Path
    sdist: Path

    def names(self) -> set[str]:
        return set(zipfile.ZipFile(self.wheel).namelist())

    def metadata(self) -> Message:
        (name,) = [name for name in self.names() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(zipfile.ZipFile(self.wheel).read(name).decode())


BUILD = """
import sys
from setuptools import build_meta
target = sys.argv[1]
build_meta.build_sdist(target)
build_meta.build_wheel(target)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built from a copy, so that no build/ folder is left behind."""
    folder = tmp_path_factory.mktemp("built")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("cinekit", "conf"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", BUILD, str(folder)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("cinekit-*.whl")
    (sdist,) = folder.glob("cinekit-*.tar.gz")
    return Built(wheel, sdist)


def test_the_wheel_holds_every_module_option_table_and_template(built):
    names = built.names()
    assert source_files() <= names
    assert "cinekit/conf/config.yaml" in names
    assert "cinekit/py.typed" in names
    assert any(name.startswith("cinekit/see/tables/") for name in names)
    assert any(name.startswith("cinekit/write/templates/") for name in names)


def test_the_wheel_holds_nothing_else(built):
    others = {name for name in built.names() - source_files() if ".dist-info/" not in name}
    assert others == set()


def test_the_wheel_brings_the_licence_and_the_command(built):
    info = {name.partition(".dist-info/")[2] for name in built.names() if ".dist-info/" in name}
    assert {"METADATA", "entry_points.txt", "licenses/LICENSE"} <= info


def test_the_wheel_says_whose_it_is_and_where_its_home_is(built):
    said = built.metadata()
    assert said["Version"] == cinekit.__version__
    assert said["Author"]
    urls = dict(line.split(", ", 1) for line in said.get_all("Project-URL"))
    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= set(urls)
    assert all(url.startswith(HOME) for url in urls.values())
    assert "Programming Language :: Python :: 3.13" in said.get_all("Classifier")


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("plugins/*/pyproject.toml")), ids=lambda path: path.parent.name
)
def test_every_plugin_says_whose_it_is_and_where_its_home_is(path):
    project = tomllib.loads(path.read_text("utf-8"))["project"]
    assert project["authors"]
    assert project["urls"]["Homepage"] == f"{HOME}/tree/main/plugins/{path.parent.name}"


def test_the_long_description_shows_its_pictures_on_the_index(built):
    text = built.metadata().get_payload()
    assert "](docs/" not in text
    assert "](examples/" not in text


def test_a_wheel_of_the_source_archive_is_the_wheel(built, tmp_path):
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True)
    (again,) = tmp_path.glob("cinekit-*.whl")
    assert set(zipfile.ZipFile(again).namelist()) == built.names()


Run = Callable[..., subprocess.CompletedProcess[str]]


def _without_root(home: Path, temporary: Path) -> dict[str, object]:
    """How to start a process that rights bind: root's are taken away where the tests have them."""
    variables = ("PATH", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    environment = {name: os.environ[name] for name in variables if name in os.environ}
    environment |= {"HOME": str(home), "TMPDIR": str(temporary)}
    libc = ctypes.CDLL(None)

    def drop() -> None:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            if libc.prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError("cannot give up a right of root")

    return {"env": environment, "preexec_fn": drop if os.geteuid() == 0 else None}


def _read_only(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(stat.S_IRUSR | stat.S_IXUSR)


@pytest.fixture
def installed(built, tmp_path) -> Run:
    """``installed("-m", "cinekit", ...)`` runs the wheel as a user who may write nowhere else.

    It is installed into a fresh environment that borrows the libraries of this one.
    """
    if sys.platform != "linux":
        pytest.skip("takes the rights of root away as Linux does")
    environment, home, work = (tmp_path / name for name in ("environment", "home", "work"))
    home.mkdir()
    work.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    command += ["--no-deps", "--no-index", "--no-compile", built.wheel]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (packages,) = environment.glob("lib/*/site-packages")
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for folder in (Path(entry) for entry in sys.path if entry.endswith("site-packages")):
        for path in folder.iterdir():
            ours = path.name.startswith(("cinekit", "__editable__", "__pycache__"))
            if not ours and path.suffix != ".pth" and not (libraries / path.name).exists():
                (libraries / path.name).symlink_to(path)
    (packages / "libraries.pth").write_text(str(libraries), "utf-8")
    for folder in (packages, home):
        _read_only(folder)
    limits = _without_root(home, work)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), *words], cwd=work, capture_output=True, text=True, **limits
        )

    yield run
    for folder in (packages, home):
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(stat.S_IRWXU)


def warned(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [line for line in done.stderr.splitlines() if "warning" in line.lower()]


KERNELS = """
import cinekit
from cinekit.testing import binary_problem
import cinekit.job
print(cinekit.ExpansionSolver().solve(binary_problem(seed=0)).energy)
"""


def test_the_wheel_keeps_its_kernels_in_a_temporary_folder_and_says_so_once(installed, tmp_path):
    where = installed("-c", "import cinekit; print(cinekit.__file__, cinekit.__version__)")
    assert where.stdout.startswith(str(tmp_path / "environment"))
    assert where.stdout.split()[1] == cinekit.__version__
    assert warned(installed("-m", "cinekit", "--version")) == []
    assert len(warned(installed("-m", "cinekit", "plugins"))) == 1
    (line,) = warned(installed("-c", KERNELS))
    assert "the home folder cannot be written to" in line
    (folder,) = tmp_path.glob("work/cinekit-*")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")}
    assert kept
    assert len(warned(installed("-c", KERNELS))) == 1
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")} == kept


def test_a_temporary_folder_of_somebody_else_is_left_alone(installed, tmp_path):
    """Compiled code in it would be run."""
    foreign = tmp_path / "work" / f"cinekit-{os.getuid()}"
    foreign.mkdir()
    foreign.chmod(0o777)
    (line,) = warned(installed("-c", KERNELS))
    assert str(foreign) + " " not in line
    assert list(foreign.iterdir()) == []


@pytest.mark.installed
def test_the_whole_job_runs_from_the_wheel(installed, tmp_path):
    """All kernels are compiled anew: more than a minute."""
    done = installed("-m", "cinekit", "demo", "clip.seconds=1", "candidates.most=1")
    assert len(warned(done)) == 1, done.stderr
    assert list(tmp_path.glob("work/cinekit-*/kernels/**/*.nbc"))
    assert list(tmp_path.glob("work/outputs/**/report.html"))
