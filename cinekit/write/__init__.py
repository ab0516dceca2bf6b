"""Loops to files, label maps and the report."""

from cinekit.store.atomic import whole_file, write_bytes, write_text
from cinekit.write.compare import differing_settings, write_comparison
from cinekit.write.gif import GifWriter
from cinekit.write.maps import (
    contact_sheet,
    labels_figure,
    labels_image,
    labels_legend,
    mask_overlay,
)
from cinekit.write.media import preview
from cinekit.write.mp4 import Mp4Writer
from cinekit.write.output import OutputFolder, rewrite
from cinekit.write.report import report_html, write_report
from cinekit.write.summary import SCHEMA, Files, ranked, read_result, result_json
from cinekit.write.video import WebmCodec, WebmWriter
from cinekit.write.vlp import read_vlp, read_vlp_activation, write_vlp
from cinekit.write.webp import WebpWriter

__all__ = [
    "SCHEMA",
    "Files",
    "GifWriter",
    "Mp4Writer",
    "OutputFolder",
    "WebmCodec",
    "WebmWriter",
    "WebpWriter",
    "contact_sheet",
    "differing_settings",
    "labels_figure",
    "labels_image",
    "labels_legend",
    "mask_overlay",
    "preview",
    "ranked",
    "read_result",
    "read_vlp",
    "read_vlp_activation",
    "report_html",
    "result_json",
    "rewrite",
    "whole_file",
    "write_bytes",
    "write_comparison",
    "write_report",
    "write_text",
    "write_vlp",
]
