# Every public name, once: read by type checkers, and by cinekit.lazy at run time.

from cinekit.testing.harbour import demo_clip as demo_clip
from cinekit.testing.package_suite import OptionSuite as OptionSuite
from cinekit.testing.package_suite import PackageSuite as PackageSuite
from cinekit.testing.package_suite import private_imports as private_imports
from cinekit.testing.segmenter_suite import FrameSegmenterSuite as FrameSegmenterSuite
from cinekit.testing.segmenter_suite import SegmenterSuite as SegmenterSuite
from cinekit.testing.solver_suite import SolverSuite as SolverSuite
from cinekit.testing.synthetic import camera_drift as camera_drift
from cinekit.testing.synthetic import flicker_texture as flicker_texture
from cinekit.testing.synthetic import planted_loop as planted_loop
from cinekit.testing.synthetic import still_clip as still_clip
from cinekit.testing.synthetic import translating_object as translating_object
from cinekit.testing.writer_suite import WriterSuite as WriterSuite
