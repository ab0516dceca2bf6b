"""Loops to files, label maps and the report."""

from cinekit.write.gif import GifWriter
from cinekit.write.video import Mp4Writer, WebmCodec, WebmWriter
from cinekit.write.vlp import read_vlp, write_vlp
from cinekit.write.webp import WebpWriter

__all__ = [
    "GifWriter",
    "Mp4Writer",
    "WebmCodec",
    "WebmWriter",
    "WebpWriter",
    "read_vlp",
    "write_vlp",
]
