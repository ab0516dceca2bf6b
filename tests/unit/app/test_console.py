from __future__ import annotations

import io
import logging
import re

import pytest

from cinekit.app.console import PlainReporter, RichReporter, open_reporter
from cinekit.protocols import SilentReporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_plain_reporter_writes_one_line_per_event():
    stream = io.StringIO()
    reporter = PlainReporter(stream)
    reporter.note("a note")
    reporter.warn("a warning")
    with reporter.stage("solve") as progress:
        progress(0.5)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["a note", "warning: a warning"]
    assert lines[2].startswith("solve: ")
    assert lines[2].endswith(" s")
    assert len(lines) == 3


def test_a_long_stage_says_how_far_it_is_and_how_long_it_takes():
    stream = io.StringIO()
    with PlainReporter(stream, every=0.0).stage("solve") as progress:
        for share in (0.0, 0.01, 0.25, 1.0):
            progress(share)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0] == "solve: 1%"  # too early to say how long the rest takes
    assert lines[1].startswith("solve: 25%, about ")
    assert lines[1].endswith(" s left")


def test_a_stage_that_fails_is_not_reported_as_done():
    stream = io.StringIO()
    with pytest.raises(ZeroDivisionError), PlainReporter(stream).stage("solve"):
        raise ZeroDivisionError
    assert stream.getvalue() == ""


def test_on_a_terminal_every_stage_has_a_bar():
    stream = Terminal()
    with open_reporter(stream) as reporter:
        assert isinstance(reporter, RichReporter)
        reporter.note("[bold]not markup[/bold]")
        with reporter.stage("segment") as progress:
            progress(0.25)
            progress(2.0)
        reporter.warn("careful")
    shown = stream.getvalue()
    assert re.search(r"left \d\d:\d\d", re.sub(r"\x1b\[[\d;?]*\w", "", shown))
    assert "segment" in shown
    assert "100%" in shown
    assert "[bold]not markup[/bold]" in shown
    assert "warning: careful" in shown


def test_off_a_terminal_lines_are_plain():
    stream = io.StringIO()
    with open_reporter(stream) as reporter, reporter.stage("read"):
        pass
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().startswith("read: ")


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_what_a_writer_warns_of_is_said(kind):
    stream, log = kind(), logging.getLogger("cinekit.write.mp4")
    with open_reporter(stream):
        log.warning("%s: too coarse", "a.mp4")
    assert stream.getvalue().count("warning: a.mp4: too coarse") == 1
    log.warning("afterwards")
    assert "afterwards" not in stream.getvalue()


def test_the_silent_reporter_takes_everything():
    reporter = SilentReporter()
    reporter.note("x")
    reporter.warn("x")
    with reporter.stage("x") as progress:
        progress(1.0)
