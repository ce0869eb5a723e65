# SPDX-License-Identifier: GPL-3.0-or-later
"""Training data of the lifter, and that numpy runs the network that torch trained."""

import numpy as np
import pytest

from tests.script_runs import load_script
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.skeleton_fit import BONES
from vitpose_blender.inference import lift_features
from vitpose_blender.inference.learned_body import ADULT
from vitpose_blender.inference.lift_network import LiftNetwork

torch = pytest.importorskip("torch")
CHILDREN, PARENTS = (list(rows) for rows in zip(*BONES))
OFFSETS = (-3, -1, 0, 1, 3)


@pytest.fixture(scope="module")
def motion():
    """Two clips of a body whose bones wave about."""
    load = load_script("lifter_motion")
    rng = np.random.default_rng(0)
    base = rng.normal(size=(1, len(BONES), 3)) * 0.3 + [0.0, 1.0, 0.0]
    bones = base + 0.05 * np.cumsum(rng.normal(size=(40, len(BONES), 3)), axis=0)
    bones /= np.linalg.norm(bones, axis=-1, keepdims=True)
    joints = np.zeros((40, len(CANONICAL), 3), dtype=np.float32)
    for i, (child, parent) in enumerate(BONES):
        joints[:, child] = joints[:, parent] + bones[:, i] * np.exp(ADULT[i])
    return load.Motion(
        joints,
        rng.random((40, 4)) > 0.5,
        np.repeat([0, 20], 20),
        np.repeat([19, 39], 20),
        np.full(40, 1 / 40),
        np.exp(ADULT)[np.newaxis].astype(np.float32),
        1.03,
    )


@pytest.fixture
def windows(motion):
    random = torch.Generator().manual_seed(0)
    return load_script("lifter_bodies").BodySource(motion, OFFSETS, random).draw(64)


@pytest.fixture
def views(windows):
    random = torch.Generator().manual_seed(0)
    return load_script("lifter_views").ViewSource(OFFSETS, random).film(windows)


@pytest.mark.parametrize(
    ("record", "held_out"),
    [
        ({"source": "uiprmd", "clip": "m01_s01_e01", "ship": "yes"}, False),
        ({"source": "uiprmd", "clip": "m01_s10_e01", "ship": "yes"}, True),
        ({"source": "pymo", "clip": "a", "ship": "yes"}, True),
        ({"source": "cmu_amc", "clip": "a", "ship": "yes"}, False),
        ({"source": "cmu_amc", "clip": "a", "ship": "caution"}, True),
    ],
)
def test_what_is_held_out(record, held_out):
    assert load_script("lifter_motion").is_held_out(record) == held_out


def test_evaluation_holds_out_what_training_does(shared):
    training, evaluation = map(load_script, ("lifter_motion", "evaluation_data"))
    assert set(evaluation.HELD_OUT_SOURCES) <= set(training.HELD_OUT_SOURCES)
    assert set(evaluation.HELD_OUT_SUBJECTS) == set(training.HELD_OUT_SUBJECTS)


def test_bodies_keep_their_bones_within_a_window(windows):
    bones = windows.joints[:, :, CHILDREN] - windows.joints[:, :, PARENTS]
    lengths = bones.norm(dim=-1)
    assert (lengths.amax(dim=1) - lengths.amin(dim=1)).max() < 1e-4
    assert lengths[:, 0].std(dim=0).min() > 1e-3  # Everybody has bones of their own.


def test_bodies_are_all_of_one_height(windows):
    chain = load_script("lifter_motion").chain_length
    bones = windows.joints[:, 0, CHILDREN] - windows.joints[:, 0, PARENTS]
    heights = chain(bones.norm(dim=-1).numpy()) * 1.03
    np.testing.assert_allclose(heights, 1.7, atol=1e-3)


def test_the_same_seed_draws_the_same(motion):
    source = load_script("lifter_bodies").BodySource
    first, second = (
        source(motion, OFFSETS, torch.Generator().manual_seed(1)).draw(8)
        for _ in range(2)
    )
    assert torch.equal(first.joints, second.joints)


def test_views_are_sane(views):
    assert torch.isfinite(views.points).all()
    assert ((views.score >= 0) & (views.score <= 1)).all()
    assert (views.depth > 0.5).all()
    assert (views.score[:, len(OFFSETS) // 2] > 0).any(dim=1).all()


def test_most_windows_hide_nothing_of_the_body_and_some_do(views):
    now = views.score[:, len(OFFSETS) // 2, 5:]
    assert 0.5 < (now > 0).all(dim=1).float().mean() < 0.97


def test_half_of_the_windows_have_no_future(views):
    future = (views.score[:, len(OFFSETS) // 2 + 1 :] > 0).any(dim=2).any(dim=1)
    assert 0.2 < future.float().mean() < 0.7


def test_training_and_lifting_compute_the_same_features(views):
    frames, view = load_script("lifter_network").features(
        views.points, views.score, views.elevation
    )
    same = lift_features.features(
        views.points.double().numpy(), views.score.numpy(), views.elevation.numpy()
    )
    np.testing.assert_allclose(same[0], frames, atol=1e-5)
    np.testing.assert_allclose(same[1], view, atol=1e-5)


def test_numpy_runs_the_network_that_torch_trained(views, tmp_path):
    from safetensors.torch import save_file

    module = load_script("lifter_network")
    torch.manual_seed(0)
    network = module.LifterNetwork(len(OFFSETS), width=64)
    frames, view = module.features(views.points, views.score, views.elevation)
    for _ in range(20):  # Gives the normalisations something to fold.
        network(frames, view)
    network.eval()
    path = tmp_path / "lifter.safetensors"
    save_file(network.folded(), path, {"offsets": str(list(OFFSETS))})
    with torch.no_grad():
        joints, spread, contact, depth = module.split_output(network(frames, view))
    lifted = LiftNetwork.load(path).run_once(frames.numpy(), view.numpy())
    np.testing.assert_allclose(lifted.joints, joints, atol=1e-4)
    np.testing.assert_allclose(lifted.error, spread.clamp(-6, 2).exp(), rtol=1e-3)
    np.testing.assert_allclose(lifted.contact, contact.sigmoid(), atol=1e-4)
    np.testing.assert_allclose(lifted.log_depth, depth, atol=1e-4)


@pytest.mark.parametrize(("num_blocks", "tolerance"), [(2, 0.01), (3, 0.1)])
def test_a_network_goes_on_from_the_weights_of_another(views, num_blocks, tolerance):
    module = load_script("lifter_network")
    torch.manual_seed(0)
    inputs = module.features(views.points, views.score, views.elevation)
    old = module.LifterNetwork(len(OFFSETS), width=64, num_blocks=2)
    for _ in range(20):
        old(*inputs)
    old.eval()
    new = module.LifterNetwork(len(OFFSETS), width=64, num_blocks=num_blocks)
    new.unfold(old.folded(), *inputs)
    assert new.training
    with torch.no_grad():
        wanted, trained = old(*inputs), new(*inputs)
        found = new.eval()(*inputs)
    for answer in (trained, found):
        assert (answer - wanted).abs().mean() < tolerance * wanted.std()


def test_what_the_body_hides_is_seen_worse():
    module = load_script("lifter_views")
    source = module.ViewSource(OFFSETS, torch.Generator().manual_seed(0))
    xyz = torch.zeros(1, 28, 3) + torch.tensor([0.0, 0.0, 3.0])
    xyz[0, :, 0] = torch.arange(28) / 2
    xyz[0, 12] = xyz[0, 11] + torch.tensor([0.01, 0.0, 0.3])  # Behind the left hip.
    points = xyz[:, :17, :2] / xyz[:, :17, 2:]
    growth = source._behind(points, xyz[:, :17], torch.ones(1, 1, 1))[0, 0, :, 0]
    assert growth[12] > 1
    assert (growth[[*range(12), *range(13, 17)]] == 1).all()
