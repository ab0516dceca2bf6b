from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from cinekit_faces.bisenet import BiSeNetSegmenter
from cinekit_faces.bisenet_network import BiSeNet, load_network
from cinekit_faces.detect import Square
from PIL import Image

from cinekit import (
    Category,
    Clip,
    CombineSegmenter,
    ConfigError,
    Motion,
    SemanticResponse,
    WeightsError,
)
from cinekit.testing import FrameSegmenterSuite, PackageSuite, WeightsSuite

sys.path.insert(0, str(Path(__file__).parent))

from bisenet_files import CLASSES, passing, published, seeded


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("bisenet") / "random.pth"
    torch.save(seeded(), path)
    return str(path)


@pytest.fixture(scope="session")
def passing_weights(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("bisenet") / "passing.pth"
    torch.save(passing().state_dict(), path)
    return str(path)


@pytest.fixture
def detector(test_data) -> str:
    return str(test_data / "weights" / "face_detection_short_range.tflite")


def astronaut(test_data, longest: int = 512) -> np.ndarray:
    with Image.open(test_data / "photos" / "skimage_astronaut.png") as image:
        picture = image.convert("RGB")
        picture.thumbnail((longest, longest))
        return np.asarray(picture)


class TestOptions(PackageSuite):
    distribution = "cinekit-faces"


class TestWholeFrame(FrameSegmenterSuite):
    @pytest.fixture(autouse=True)
    def weights(self, random_weights):
        self.model = random_weights

    def segmenter(self):
        return BiSeNetSegmenter(model=self.model, detector=None, size=64, cells=60)


class TestWeights(WeightsSuite):
    def write(self, path):
        torch.save(seeded(), path)

    def using(self, file):
        return BiSeNetSegmenter(model=file, detector=None, size=64)


class TestFoundFaces(FrameSegmenterSuite):
    """On a portrait that moves a little, in every size."""

    @pytest.fixture(autouse=True)
    def weights(self, random_weights, detector, test_data):
        self.model, self.detector = random_weights, detector
        self.portrait = astronaut(test_data)[:256, 100:356]

    def segmenter(self):
        return BiSeNetSegmenter(model=self.model, detector=self.detector, size=64, cells=60)

    def clip(self, size=None, n_frames=None):
        h, w = size or (90, 160)
        side = min(h, w)
        frames = np.full((n_frames or self.n_frames, h, w, 3), 90, np.uint8)
        face = cv2.resize(self.portrait, (side, side), interpolation=cv2.INTER_AREA)
        for t, frame in enumerate(frames):
            left = min(t, w - side)
            frame[:side, left : left + side] = face
        return Clip(frames, 25.0)


def shapes_of(network: BiSeNet, height: int, width: int) -> dict[str, tuple[int, ...]]:
    """(channels, height, width) of the output of every module that has one tensor."""
    found = {}
    for name, module in network.named_modules():
        module.register_forward_hook(
            lambda _module, _input, output, name=name: found.update(
                {name: tuple(output.shape[1:])} if isinstance(output, torch.Tensor) else {}
            )
        )
    network.eval()(torch.empty(1, 3, height, width, device="meta"))
    return found


def test_every_layer_has_the_published_shape():
    with torch.device("meta"):
        network = BiSeNet(CLASSES, spatial=True)
    found = shapes_of(network, 512, 512)
    wanted = {
        "cp.resnet.conv1": (64, 256, 256),
        "cp.resnet.maxpool": (64, 128, 128),
        "cp.resnet.layer1.0.conv1": (64, 128, 128),
        "cp.resnet.layer1": (64, 128, 128),
        "cp.resnet.layer2.0.conv1": (128, 64, 64),
        "cp.resnet.layer2.0.downsample": (128, 64, 64),
        "cp.resnet.layer2": (128, 64, 64),
        "cp.resnet.layer3.0.conv2": (256, 32, 32),
        "cp.resnet.layer3": (256, 32, 32),
        "cp.resnet.layer4": (512, 16, 16),
        "cp.conv_avg": (128, 1, 1),
        "cp.arm32.conv": (128, 16, 16),
        "cp.arm32.conv_atten": (128, 1, 1),
        "cp.arm32": (128, 16, 16),
        "cp.conv_head32": (128, 32, 32),
        "cp.arm16": (128, 32, 32),
        "cp.conv_head16": (128, 64, 64),
        "sp.conv1": (64, 256, 256),
        "sp.conv2": (64, 128, 128),
        "sp.conv3": (64, 64, 64),
        "sp": (128, 64, 64),
        "ffm.convblk": (256, 64, 64),
        "ffm.conv1": (64, 1, 1),
        "ffm.conv2": (256, 1, 1),
        "ffm": (256, 64, 64),
        "conv_out.conv": (256, 64, 64),
        "conv_out": (19, 64, 64),
        "": (19, 512, 512),
    }
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 200), (511, 130)])
def test_scores_have_the_size_of_the_picture(size):
    with torch.device("meta"):
        network = BiSeNet(CLASSES)
    assert shapes_of(network, *size)[""] == (CLASSES, *size)


@pytest.mark.parametrize("spatial", [False, True])
def test_weights_have_the_published_names_and_shapes(spatial):
    with torch.device("meta"):
        network = BiSeNet(CLASSES, spatial)
    own = {
        name: tuple(value.shape)
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    training = ("conv_out16", "conv_out32")
    wanted = {k: v for k, v in published(spatial).items() if not k.startswith(training)}
    assert own == wanted
    if not spatial:
        # Of 79999_iter.pth, without the heads of training: 52,650,752 bytes.
        assert 4 * sum(np.prod(shape) for shape in own.values()) == 52_650_752


def test_scores_stand_where_the_picture_shows_what_they_score():
    y, x = np.mgrid[:512, :512]
    spot = np.exp(-((y - 200) ** 2 + (x - 330) ** 2) / 2000)
    picture = torch.zeros(1, 3, 512, 512)
    picture[0, 0] = torch.from_numpy(spot)
    with torch.inference_mode():
        score = passing()(picture)[0, 17].numpy()
    centre = (score * y).sum() / score.sum(), (score * x).sum() / score.sum()
    # Cells look at pixels 0, 8 ... 504; aligned by their corners they are laid on 0 to 511.
    assert centre == pytest.approx((200 * 511 / 504, 330 * 511 / 504), abs=0.5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Placed(BiSeNetSegmenter):
    """Looks at given squares: x, y, side, angle of each."""

    detector: str | None = None
    at: tuple[tuple[float, float, float, float], ...] = ()

    def crops(self, frame):
        return [Square(*one) for one in self.at]


def hair_of(response: SemanticResponse, size: tuple[int, int]) -> np.ndarray:
    """Probability of hair, float32 (H, W)."""
    names = [category.name for category in response.categories]
    return cv2.resize(response.frame(0)[..., names.index("hair")], size[::-1])


def spots(size: tuple[int, int], *centres: tuple[float, float], radius: float = 12) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]]
    frame = np.zeros((*size, 3), np.uint8)
    for row, column in centres:
        frame[np.hypot(y - row, x - column) < radius] = (255, 0, 0)
    return frame


@pytest.mark.parametrize("size", [(270, 480), (480, 270)])
@pytest.mark.parametrize("square", [(200, 140, 200, 0), (180, 150, 240, 0.6), (150, 120, 300, -2)])
def test_what_the_parser_sees_is_laid_where_it_is_in_the_frame(passing_weights, size, square):
    segmenter = Placed(model=passing_weights, at=(square,))
    frame = spots(size, (130, 170))
    hair = hair_of(segmenter.respond(Clip(frame[None], 25.0)), size)
    y, x = np.nonzero(hair > 0.5)
    # Aligned corners move things by up to a stride of the network; and there is half a cell.
    near = 8 * square[2] / 512 + 1
    assert (y.mean(), x.mean()) == pytest.approx((130, 170), abs=near)
    red = frame[..., 0] > 0
    assert ((hair > 0.5) & red).sum() > 0.6 * ((hair > 0.5) | red).sum()


def test_an_eye_of_a_small_face_is_not_stepped_over(passing_weights):
    # The face is 40 pixels of the frame, 10 cells of the response; the spot is 5 pixels of it.
    frame = spots((270, 480), (130, 170), radius=2.6)
    segmenter = Placed(model=passing_weights, at=((170, 130, 40, 0),), cells=120)
    hair = segmenter.respond(Clip(frame[None], 25.0))
    names = [category.name for category in hair.categories]
    area = hair.frame(0)[..., names.index("hair")].sum() * 4 * 4
    assert area == pytest.approx((frame[..., 0] > 0).sum(), rel=0.6)


def test_beyond_the_faces_all_is_background(random_weights, detector, test_data):
    frame = astronaut(test_data)
    segmenter = BiSeNetSegmenter(model=random_weights, detector=detector, size=64)
    (square,) = segmenter.crops(frame)
    response = segmenter.respond(Clip(frame[None], 25.0))
    background = [c.name for c in response.categories].index("background")
    seen = cv2.resize(response.frame(0)[..., background], frame.shape[1::-1])
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]]
    far = np.hypot(y - square.y, x - square.x) > square.side * 0.75
    near = np.hypot(y - square.y, x - square.x) < square.side * 0.45
    assert (seen[far] == 1).all()
    assert (seen[near] < 0.95).mean() > 0.9
    assert response.notes == ()


def test_frames_without_a_face_are_counted(random_weights, detector, test_data):
    face = astronaut(test_data, 200)
    clip = Clip(np.stack([face, np.zeros_like(face), face]), 25.0)
    segmenter = BiSeNetSegmenter(model=random_weights, detector=detector, size=64)
    assert segmenter.respond(clip).notes == ("no face was found in 1 frames of 3",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PersonEverywhere:
    """A scene segmenter that is sure of a person in every cell."""

    def respond(self, clip, progress=lambda share: None):
        categories = Category("background", Motion.STATIC), Category("person", Motion.NON_NATURAL)
        cells = np.zeros((clip.n_frames, 27, 48, 2), np.uint8)
        cells[..., 1] = 255
        return SemanticResponse(cells, categories, source="person")


def test_parts_of_a_face_override_the_person(passing_weights):
    frame = spots((270, 480), (130, 170), radius=30)
    parser = Placed(model=passing_weights, at=((170, 130, 200, 0),))
    combined = CombineSegmenter(parser=parser, scene=PersonEverywhere())
    response = combined.respond(Clip(frame[None], 25.0))
    names = np.array([category.name for category in response.categories])
    h, w = response.probabilities.shape[1:3]
    won = names[response.frame(0).argmax(-1)]
    assert won[130 * h // 270, 170 * w // 480] == "hair"
    assert won[60 * h // 270, 170 * w // 480] == "person"
    assert won[130 * h // 270, 400 * w // 480] == "person"
    assert (won == "hair").mean() == pytest.approx((frame[..., 0] > 0).mean(), rel=0.1)
    assert set(won.ravel()) == {"hair", "person"}


def test_classes_are_parts_of_the_face_table(random_weights):
    vocabulary = BiSeNetSegmenter(model=random_weights).vocabulary()
    assert len(vocabulary.classes) == CLASSES
    fold = dict(zip(vocabulary.classes, vocabulary.category_of, strict=True))
    assert (fold["hair"], fold["l_eye"], fold["u_lip"]) == ("hair", "eyes", "mouth")
    numbers = {"background": 0, "skin": 1, "eye_g": 6, "nose": 10, "hair": 17, "hat": 18}
    for name, index in numbers.items():
        assert vocabulary.classes[index] == name


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_new_and_old_torch_are_read(tmp_path, zipped):
    # The public checkpoint was written before torch zipped its files.
    weights = {f"module.{name}": value for name, value in seeded().items()}
    torch.save(weights, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    network = load_network(tmp_path / "a.pth")
    assert not network.training
    torch.testing.assert_close(
        network.conv_out.conv_out.weight, seeded()["conv_out.conv_out.weight"]
    )


def test_counters_of_batch_normalisation_may_lack(tmp_path):
    weights = {k: v for k, v in seeded().items() if not k.endswith("num_batches_tracked")}
    torch.save({"state_dict": weights}, tmp_path / "a.pth")
    picture = torch.rand(1, 3, 64, 64)
    torch.save(seeded(), tmp_path / "b.pth")
    with torch.inference_mode():
        one, other = (load_network(tmp_path / name)(picture) for name in ("a.pth", "b.pth"))
    torch.testing.assert_close(one, other)


def test_a_spatial_path_in_the_file_is_used(tmp_path):
    weights = seeded(spatial=True)
    torch.save(weights, tmp_path / "a.pth")
    torch.save({k: v for k, v in weights.items() if not k.startswith("sp.")}, tmp_path / "b.pth")
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        network, without = load_network(tmp_path / "a.pth"), load_network(tmp_path / "b.pth")
        context = network.cp(picture)[1]
        wanted = network.conv_out(network.ffm(network.sp(picture), context))
        scores = network(picture)
        torch.testing.assert_close(scores[..., ::63, ::63], wanted[..., ::7, ::7])
        assert not torch.allclose(scores, without(picture))


def test_the_input_is_rgb_as_imagenet_is_normalised(passing_weights, monkeypatch):
    segmenter = BiSeNetSegmenter(model=passing_weights, detector=None, size=32)
    fed = []
    network = segmenter._network
    monkeypatch.setattr(network, "forward", lambda x: fed.append(x) or torch.zeros(1, 19, 32, 32))
    frame = np.zeros((32, 32, 3), np.uint8)
    frame[..., 0] = 255
    segmenter.respond(Clip(frame[None], 25.0))
    values = fed[0][0, :, 16, 16].numpy()
    wanted = (np.array([1, 0, 0]) - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    np.testing.assert_allclose(values, wanted, rtol=1e-5)


def test_another_network_is_one_clear_line(tmp_path):
    torch.save(torch.nn.Linear(3, 2).state_dict(), tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"to hold BiSeNet, its weight 'conv_out\.conv_out"):
        load_network(tmp_path / "a.pth")
    weights = seeded()
    weights["ffm.conv1.weight"] = torch.zeros(64, 256, 3, 3)
    torch.save(weights, tmp_path / "b.pth")
    with pytest.raises(WeightsError, match=r"'b\.pth' to be \[64, 256, 1, 1\], it is"):
        load_network(tmp_path / "b.pth")
    weights = seeded()
    del weights["cp.arm16.bn_atten.running_var"]
    torch.save(weights, tmp_path / "c.pth")
    with pytest.raises(WeightsError, match=r"bn_atten\.running_var' is missing"):
        load_network(tmp_path / "c.pth")
    weights = seeded()
    weights["conv_out.conv_out.weight"] = torch.zeros(11, 256, 1, 1)
    torch.save(weights, tmp_path / "d.pth")
    with pytest.raises(WeightsError, match="the 19 classes of celebamask_19, it scores 11"):
        BiSeNetSegmenter(model=str(tmp_path / "d.pth")).classes()


def test_weights_of_another_kind_are_one_clear_line(test_data, detector):
    path = test_data / "weights" / "espnetv2_s_2.0_pascal_384x384.pth"
    with pytest.raises(WeightsError, match="to hold BiSeNet"):
        BiSeNetSegmenter(model=str(path), detector=detector).classes()


def test_missing_weights_say_where_to_put_them(tmp_path, monkeypatch, random_weights):
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path))
    reason = BiSeNetSegmenter().unavailable()
    assert reason is not None
    assert "'79999_iter.pth'" in reason
    assert str(tmp_path) in reason
    reason = BiSeNetSegmenter(model=random_weights).unavailable()
    assert reason is not None
    assert "'face_detection_short_range.tflite'" in reason
    assert BiSeNetSegmenter(model=random_weights, detector=None).unavailable() is None


def test_a_device_that_is_not_here_is_one_clear_line(random_weights):
    for device in ("toaster", "cuda:99"):
        with pytest.raises(ConfigError, match="device: ") as error:
            BiSeNetSegmenter(model=random_weights, device=device).classes()
        assert "\n" not in str(error.value)


def test_torch_is_imported_only_when_it_runs():
    code = (
        "import sys, cinekit; plugins = cinekit.load_plugins(); "
        "plugins.get('segmenter', 'bisenet')().unavailable(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
