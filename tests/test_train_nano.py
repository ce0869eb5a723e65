# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of vitpose-nano: labels stay on the pictures, and what is saved is found."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.inference.random_vitpose import fit_last_layer
from tests.script_runs import load_script
from vitpose_blender.core.errors import VitposeError
from vitpose_blender.core.types import Frame
from vitpose_blender.inference.device import choose_device
from vitpose_blender.inference.vitpose import ViTPose

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
ROOT = Path(__file__).parents[1]
NANO = ROOT / "resources" / "models" / "vitpose-nano"
SMALL = (128, 96)
FOUND_WITHIN_TENTH, FOUND_WITHIN_TWENTIETH = 0.88, 0.77  # Measured: 0.906, 0.801.


@pytest.fixture(scope="module")
def nano():
    return load_script("nano_network")


@pytest.fixture
def dotted_shard(tmp_path, rng):
    """Write one picture often: black, with a white dot on its left wrist."""
    sample, shards = load_script("nano_sample"), load_script("nano_shards")
    keypoints = rng.uniform(60, 130, (17, 2)).astype(np.float32)
    keypoints[9] = 96, 128
    picture = np.zeros((256, 192, 3), dtype=np.uint8)
    picture[124:133, 92:101] = 255
    box = np.array([20, 20, 170, 230], dtype=np.float32)
    heights = np.ones(17, dtype=np.float32)
    samples = [sample.Sample(picture, keypoints, heights, box)] * 4
    shards.write_shard(tmp_path / "render_0000", samples)
    return tmp_path


@pytest.mark.parametrize("size", [SMALL, (256, 192)])
def test_heatmaps_peak_where_the_keypoints_are(nano, rng, size):
    xy = torch.from_numpy(rng.uniform(0.1, 0.9, (2, 17, 2)).astype(np.float32))
    maps = nano.heatmaps_of(xy, torch.ones(2, 17), size)
    found, score = nano.peaks(maps)
    np.testing.assert_allclose(found, xy, atol=0.012)
    assert score.min() > 0.8


def test_loss_is_least_at_what_is_wanted(nano, rng):
    xy = torch.from_numpy(rng.uniform(0.1, 0.9, (2, 17, 2)).astype(np.float32))
    known = torch.ones(2, 17)
    wanted = nano.heatmaps_of(xy, torch.full((2, 17), 0.6), SMALL)
    best = nano.loss_of(wanted, wanted, known, 0.3)
    noise = torch.from_numpy(rng.normal(size=wanted.shape).astype(np.float32))
    assert float(best) < 1e-5
    assert nano.loss_of(wanted + 0.05 * noise, wanted, known, 0.3) > best
    unknown = known.clone()
    unknown[:, 3] = 0
    spoilt = wanted.clone()
    spoilt[:, 3] += 1
    assert float(nano.loss_of(spoilt, wanted, unknown, 0.3)) < 1e-5


@pytest.mark.parametrize("size", [SMALL, (256, 192)])
def test_varied_pictures_keep_their_keypoints(dotted_shard, size):
    shards = load_script("nano_shards").Shards(dotted_shard, 0)
    assert shards.refresh() == {"render": 4}
    pictures, xy, heights = shards.draw(32, size, {"render": 1.0}, 0.0)
    for picture, places, seen in zip(pictures, xy, heights):
        gray = picture.astype(float).mean(axis=2)
        light = gray - np.median(gray)
        rows, columns = np.nonzero(light > 0.6 * light.max())
        dot = np.array([columns.mean(), rows.mean()]) / (size[1] - 1, size[0] - 1)
        # Mirrored, a left wrist is a right one.
        nearest = min((9, 10), key=lambda row: np.linalg.norm(places[row] - dot))
        assert seen[nearest] > 0
        np.testing.assert_allclose(places[nearest], dot, atol=0.012)


class OneSpot(torch.nn.Module):
    """Finds all keypoints at one place, always as sure."""

    def __init__(self, says):
        super().__init__()
        self.head = torch.nn.Module()
        self.head.conv = torch.nn.Conv2d(1, 17, 1)
        torch.nn.init.constant_(self.head.conv.weight, says)
        torch.nn.init.zeros_(self.head.conv.bias)

    def forward(self, pictures):
        xy = torch.full((1, 1, 2), 0.5)
        spot = load_script("nano_network").heatmaps_of(xy, torch.ones(1, 1), (256, 192))
        maps = self.head.conv(spot.expand(len(pictures), -1, -1, -1))
        return SimpleNamespace(heatmaps=maps)


class Right:
    """Pictures on which the share `rate` of the keypoints lies in the middle."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def draw(self, size, shape, *_):
        away = self.rng.random((size, 17, 1)) > self.rate
        xy = np.where(away, 0.7, 0.5) * np.ones((1, 1, 2))
        heights = np.ones((size, 17), np.float32)
        return np.zeros((size, *shape, 3), np.uint8), xy.astype(np.float32), heights


@pytest.mark.parametrize(("says", "rate"), [(0.6, 0.8), (0.9, 0.7)])
def test_scores_become_the_share_of_what_is_right(rng, says, rate):
    network = OneSpot(says)
    load_script("nano_scores").make_scores_true(network, Right(rate, rng))
    with torch.no_grad():
        said = float(network(torch.zeros(1, 3, 256, 192)).heatmaps.max())
    assert said == pytest.approx(rate, abs=0.02)


def test_a_network_grows_without_forgetting(nano):
    network = nano.make_network(48, 2, 2, SMALL)
    before = network.backbone.embeddings.position_embeddings.detach().clone()
    nano.resize(network, (256, 192))
    nano.resize(network, SMALL)
    after = network.backbone.embeddings.position_embeddings.detach()
    assert float((after - before).abs().max()) < 0.35 * float(before.abs().max())
    with torch.inference_mode():
        maps = network(torch.zeros(1, 3, *SMALL)).heatmaps
    assert maps.shape == (1, 17, 32, 24)


def test_what_is_exported_is_what_the_product_loads(nano, tmp_path, rng):
    network = nano.make_network(48, 2, 2).eval()
    image = rng.integers(0, 255, (256, 192, 3), dtype=np.uint8)
    pixels = nano.normalised(torch.from_numpy(image[None, :, :, ::-1].copy()).float())
    wanted = rng.uniform(6, 40, (1, 17, 2))
    fit_last_layer(network, pixels.numpy(), wanted)
    nano.export(network, tmp_path / "model")

    model = ViTPose.load(str(tmp_path / "model"), choose_device("cpu"))
    inner = np.array([[19.1, 25.5, 171.9, 229.5]])  # Padded, it is the whole picture.
    found = model.estimate(Frame(image, 0.0, 0), inner)[0]

    assert model.layout.id == "coco17"
    np.testing.assert_allclose(found.xy, wanted[0] * [191 / 47, 255 / 63], atol=8.0)


def test_keypoints_lie_in_every_body(shared):
    bodies, pose = load_script("nano_bodies"), load_script("nano_pose")
    people, held_out = bodies.load_people(shared)
    assert held_out.names == (bodies.HELD_OUT,)
    for body in (*people.bodies, *held_out.bodies, people.mean):
        turns = np.tile(np.eye(3, dtype=np.float32), (len(bodies.BONES), 1, 1))
        posed = pose.pose(body, people.weights, turns)
        low, high = posed.vertices.min(axis=0), posed.vertices.max(axis=0)
        assert (posed.keypoints > low).all()
        assert (posed.keypoints < high + 0.01).all()
        left = posed.keypoints[[1, 3, *range(5, 17, 2)]]
        right = posed.keypoints[[2, 4, *range(6, 17, 2)]]
        middle = posed.keypoints[0, 0]
        np.testing.assert_allclose(
            left[:, 0] - middle, middle - right[:, 0], atol=0.012
        )
        assert (left[:, 0] > right[:, 0]).all()


@pytest.fixture(scope="module")
def fixed_figures():
    if not (NANO / "model.safetensors").is_file():
        pytest.skip("vitpose-nano is not in this checkout")
    evaluate = load_script("nano_evaluate")
    model = ViTPose.load(str(NANO), choose_device("cpu"))
    return evaluate.figures(model, evaluate.read_fixed(evaluate.FIXED))


def test_nano_finds_people_it_never_saw(fixed_figures):
    """On 48 pictures; the model card has the figures on more."""
    assert fixed_figures["pck_0.10"] > FOUND_WITHIN_TENTH
    assert fixed_figures["pck_0.05"] > FOUND_WITHIN_TWENTIETH


def test_nano_scores_what_it_sees_higher(fixed_figures):
    assert fixed_figures["score_labelled"] > fixed_figures["score_hidden"] + 0.1
    share = [hits for _, hits, count in fixed_figures["reliability"] if count > 40]
    assert share[-1] > share[0] + 0.3


def test_a_table_has_what_was_measured_and_names_what_is_missing(monkeypatch, tmp_path):
    keypoints, evaluate = (
        load_script(name) for name in ("evaluation_keypoints", "nano_evaluate")
    )
    monkeypatch.setitem(sys.modules, "nano_evaluate", evaluate)

    def samples_of(name, *_):
        if name == "rendered":
            raise ModuleNotFoundError("No module named 'moderngl'", name="moderngl")
        return evaluate.read_fixed(evaluate.FIXED)[:6]

    monkeypatch.setattr(evaluate, "samples_of", samples_of)
    table = keypoints.keypoint_table(str(NANO), tmp_path, None)
    assert "not measured: needs moderngl" in table[2]
    assert len({line.count("|") for line in table}) == 1
    found = [float(line.split("|")[3]) for line in table[3:]]
    assert len(found) == 4
    assert min(found) > 0.7


@pytest.mark.parametrize(
    ("module", "package"),
    [("moderngl", "moderngl"), ("ai_edge_litert", "ai-edge-litert")],
)
def test_a_table_with_holes_is_not_written_over_a_whole_one(
    module, package, monkeypatch, tmp_path
):
    keypoints, evaluate, nano_evaluate = (
        load_script(name)
        for name in ("evaluation_keypoints", "evaluate", "nano_evaluate")
    )

    def samples_of(*_):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(nano_evaluate, "samples_of", samples_of)
    monkeypatch.setitem(sys.modules, "nano_evaluate", nano_evaluate)
    monkeypatch.setitem(sys.modules, "evaluation_keypoints", keypoints)
    document = tmp_path / "accuracy.md"
    before = "<!-- table keypoints -->\n0.888\n<!-- end of keypoints -->\n"
    document.write_text(before)
    monkeypatch.setattr(evaluate, "DOCUMENT", document)
    arguments = SimpleNamespace(
        model=str(NANO), shared=tmp_path, cache=None, write=True
    )
    with pytest.raises(VitposeError, match=rf"\(pip install {package}\)"):
        evaluate.measure_keypoints(arguments)
    assert document.read_text() == before
    arguments.write = False
    assert evaluate.measure_keypoints(arguments) == 0
    assert document.read_text() == before
