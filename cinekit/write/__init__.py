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
from cinekit.write.media import LoopMedia, loop_media, preview
from cinekit.write.mp4 import Mp4Writer
from cinekit.write.order import reorder_result
from cinekit.write.report import report_html, write_report
from cinekit.write.summary import SCHEMA, result_json, write_result
from cinekit.write.video import WebmCodec, WebmWriter
from cinekit.write.vlp import read_vlp, read_vlp_activation, write_vlp
from cinekit.write.webp import WebpWriter

__all__ = [
    "SCHEMA",
    "GifWriter",
    "LoopMedia",
    "Mp4Writer",
    "WebmCodec",
    "WebmWriter",
    "WebpWriter",
    "contact_sheet",
    "differing_settings",
    "labels_figure",
    "labels_image",
    "labels_legend",
    "loop_media",
    "mask_overlay",
    "preview",
    "read_vlp",
    "read_vlp_activation",
    "reorder_result",
    "report_html",
    "result_json",
    "whole_file",
    "write_bytes",
    "write_comparison",
    "write_report",
    "write_result",
    "write_text",
    "write_vlp",
]
