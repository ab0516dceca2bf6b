"""The pages as a site: strictly built, asking nothing of other servers, and true of the code."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import cinekit
import cinekit.testing
from cinekit.plug.registry import KINDS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "cinekit"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```python *(\{ \.runnable \})?\n(.*?)```", re.S)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not os.environ.get("CI"):
        pytest.importorskip("mkdocs", reason="the site is built with the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    command += ["--config-file", str(ROOT / "mkdocs.yml"), "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Read(HTMLParser):
    """What a page loads, where it leads, and where it can be led to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {found["id"] or ""} if "id" in found else set()
        address = found.get("src") or found.get("href") or ""
        (self.links if tag == "a" else self.loads).append(address)


def test_the_site_has_a_page_for_every_page_and_loads_nothing_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    for page in (ROOT / "docs").rglob("*.md"):
        assert site / page.relative_to(ROOT / "docs").with_suffix(".html") in pages
    for page in pages:
        assert not [one for one in Read(page).loads if "//" in one], page
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?(?:https?:)?//", style.read_text("utf-8")), style


def test_links_inside_the_site_lead_to_something(site):
    pages = {page: Read(page) for page in sorted(site.rglob("*.html"))}
    for page, read in pages.items():
        for link in (urlsplit(one) for one in read.links if page.name != "404.html"):
            if not link.scheme and (link.path or link.fragment):
                target = (page.parent / unquote(link.path)).resolve() if link.path else page
                assert target.exists(), f"{page.name}: {link.path}"
                if link.fragment and target in pages:
                    there = unquote(link.fragment)
                    assert there in pages[target].ids, f"{page.name}: {link.geturl()}"


def test_every_public_name_is_in_the_reference(site):
    ids = Read(site / "api.html").ids
    homes = {name: getattr(cinekit, name) for name in cinekit.__all__ if name != "__version__"}
    missing = [name for name in homes if f"cinekit.{name}" not in ids]
    missing += [name for name in cinekit.testing.__all__ if f"cinekit.testing.{name}" not in ids]
    assert missing == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_plugin_has_a_page(kind):
    text = (ROOT / f"docs/plugins/{kind}.md").read_text("utf-8")
    assert f"<!-- example of: {KINDS[kind].hook} -->" in text
    assert f"[{kind}]({kind}.md)" in (ROOT / "docs/plugins/index.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_on_a_page_is_python(page):
    for _, code in BLOCK.findall(page.read_text("utf-8")):
        compile(code, str(page), "exec")


RUNNABLE = {
    f"{named(page)} {i}": code
    for page in PAGES
    for i, (runnable, code) in enumerate(BLOCK.findall(page.read_text("utf-8")))
    if runnable
}


@pytest.mark.parametrize("name", RUNNABLE)
def test_what_is_marked_runnable_runs(name, capsys):
    exec(compile(RUNNABLE[name], name, "exec"), {"__name__": "shown"})
    assert capsys.readouterr().out


def test_the_way_of_one_clip_is_runnable():
    assert any(name.startswith("docs/architecture.md") for name in RUNNABLE)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_names_that_a_page_mentions_exist(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    for dotted in set(re.findall(r"`(cinekit(?:\.\w+)+)(?![\w/.-])[^`]*`", text)):
        if dotted != "cinekit.NAME" and not dotted.endswith(".NAME"):
            found = cinekit
            for i, part in enumerate(dotted.split(".")[1:], start=1):
                if not hasattr(found, part):
                    importlib.import_module(".".join(dotted.split(".")[: i + 1]))
                found = getattr(found, part)


def test_the_rooms_of_the_architecture_are_in_the_order_of_the_layers():
    tree = ast.parse((ROOT / "tests/packaging/test_imports.py").read_text("utf-8"))
    layers = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAYERS"
    )
    level = {name: i for i, names in enumerate(layers) for name in names}
    table = (ROOT / "docs/architecture.md").read_text("utf-8").partition("| room |")[2]
    cells = re.findall(r"(?m)^\| (`[^|]*) \|", table.partition("\n\n")[0])
    rooms = [re.sub(r"/|\.py", "", name) for cell in cells for name in re.findall("`(.+?)`", cell)]
    assert [level[room] for room in rooms] == sorted(level[room] for room in rooms)
    assert {room for room in level if (PACKAGE / room).is_dir()} <= set(rooms)
