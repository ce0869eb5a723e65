# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for vitpose.py and network.py: equal to transformers, and clear when broken."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
cv2 = pytest.importorskip("cv2")

import torch  # noqa: E402
from transformers.models.vitpose.image_processing_pil_vitpose import (  # noqa: E402
    VitPoseImageProcessorPil,
)

from tests.inference.random_vitpose import (  # noqa: E402
    Shape,
    fit_last_layer,
    random_vitpose,
    save_vitpose,
)
from vitpose_blender.core.errors import VitposeError, WeightsError  # noqa: E402
from vitpose_blender.core.layouts import COCO17  # noqa: E402
from vitpose_blender.core.types import Frame  # noqa: E402
from vitpose_blender.inference.device import Device  # noqa: E402
from vitpose_blender.inference.network import Network  # noqa: E402
from vitpose_blender.inference.vitpose import ViTPose  # noqa: E402
from vitpose_blender.inference.weights import resolve_weights  # noqa: E402

CPU = Device("cpu", "float32")


def generated_picture(rng):
    small = rng.integers(0, 256, (45, 80, 3), dtype=np.uint8)
    return cv2.resize(small, (1280, 720), interpolation=cv2.INTER_CUBIC)


def boxes_for(image):
    """Return four boxes: tall, upright, wide and partly outside."""
    height, width = image.shape[:2]
    parts = [
        (0.103, 0.11, 0.41, 0.88),
        (0.303, 0.21, 0.6, 0.95),
        (0.41, 0.3, 0.82, 0.51),
        (-0.1, 0.41, 0.2, 1.2),
    ]
    return np.array(parts) * (width, height, width, height)


def as_xywh(xyxy):
    return [np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1).tolist()]


def pixel_values_of(image, xyxy):
    processor = VitPoseImageProcessorPil()
    return processor(
        image[..., ::-1], as_xywh(xyxy), return_tensors="pt"
    ).pixel_values.float()


def by_transformers(model, image, xyxy):
    """Return the keypoints and scores of transformers' own path."""
    with torch.inference_mode():
        output = model(pixel_values_of(image, xyxy))
    results = VitPoseImageProcessorPil().post_process_pose_estimation(
        output, as_xywh(xyxy)
    )[0]
    return [
        np.stack([result[key].numpy() for result in results])
        for key in ("keypoints", "scores")
    ]


def by_us(vitpose, image, xyxy):
    people = vitpose.estimate(Frame(image, 0.0, 0), xyxy)
    return np.stack([p.xy for p in people]), np.stack([p.score for p in people])


@pytest.fixture(scope="module")
def frame():
    return Frame(generated_picture(np.random.default_rng(1)), t=2.5, index=75)


@pytest.fixture
def vitpose(vitpose_folder):
    return ViTPose.load(str(vitpose_folder), CPU)


@pytest.fixture
def random_crops(rng):
    return rng.integers(0, 256, (3, 256, 192, 3), dtype=np.uint8)


def test_everyone_gets_keypoints_in_the_order_of_the_boxes(vitpose, frame):
    boxes = boxes_for(frame.image)
    people = vitpose.estimate(frame, boxes)
    assert len(people) == len(boxes)
    for person, box in zip(people, boxes):
        assert person.t == frame.t
        assert person.layout == "coco17"
        alone = vitpose.estimate(frame, box[np.newaxis])[0]
        np.testing.assert_allclose(person.score, alone.score, atol=1e-5)
    backwards = vitpose.estimate(frame, boxes[::-1])
    np.testing.assert_allclose(backwards[-1].score, people[0].score, atol=1e-5)


def test_nobody_gives_nothing(vitpose, frame):
    assert vitpose.estimate(frame, np.zeros((0, 4))) == []


def test_unusable_box_is_unseen_and_harms_nobody(vitpose, frame):
    good = boxes_for(frame.image)[0]
    people = vitpose.estimate(frame, np.array([[np.nan] * 4, good]))
    assert np.isnan(people[0].xy).all()
    assert not people[0].score.any()
    alone = vitpose.estimate(frame, good[np.newaxis])[0]
    np.testing.assert_allclose(people[1].score, alone.score, atol=1e-5)


def test_scores_stay_in_0_to_1(vitpose_folder, frame, tmp_path):
    model = random_vitpose()
    with torch.no_grad():
        model.head.conv.bias += 3.0
    loud = ViTPose.load(str(save_vitpose(model, tmp_path)), CPU)
    _, score = by_us(loud, frame.image, boxes_for(frame.image))
    assert score.max() == 1.0


def test_a_crowd_is_run_in_several_batches(vitpose_folder, rng):
    network = Network.load(vitpose_folder, CPU)
    crops = rng.integers(0, 256, (35, 256, 192, 3), dtype=np.uint8)
    crops[34] = crops[0]
    heatmaps = network.heatmaps(crops)
    assert heatmaps.shape == (35, 17, 64, 48)
    np.testing.assert_allclose(heatmaps[34], heatmaps[0], atol=1e-5)


def test_a_model_says_what_it_is(vitpose, vitpose_folder):
    assert vitpose.name == vitpose_folder.name
    assert vitpose.layout is COCO17
    assert vitpose.input_wh == (192, 256)


@pytest.mark.parametrize("simple", [True, False], ids=["simple", "classic"])
def test_heatmaps_equal_transformers(simple, tmp_path, frame):
    model = random_vitpose(Shape(simple=simple))
    boxes = boxes_for(frame.image)
    with torch.inference_mode():
        theirs = model(pixel_values_of(frame.image, boxes)).heatmaps.numpy()

    network = Network.load(save_vitpose(model, tmp_path), CPU)
    crops = VitPoseImageProcessorPil()(
        frame.image[..., ::-1], as_xywh(boxes), do_rescale=False, do_normalize=False
    ).pixel_values
    ours = network.heatmaps(np.stack(crops).transpose(0, 2, 3, 1).astype(np.uint8))

    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("index", [0, 3, 5])
def test_an_expert_of_a_plus_model_equals_transformers(index, tmp_path, random_crops):
    model = random_vitpose(Shape(experts=6))
    folder = save_vitpose(model, tmp_path)
    pixels = torch.from_numpy(random_crops).permute(0, 3, 1, 2) / 255
    mean, std = (
        torch.tensor(value).view(3, 1, 1)
        for value in (VitPoseImageProcessorPil.image_mean, (0.229, 0.224, 0.225))
    )
    with torch.inference_mode():
        theirs = model(
            (pixels - mean) / std, dataset_index=torch.full((3,), index)
        ).heatmaps.numpy()

    ours = Network.load(folder, CPU, dataset_index=index).heatmaps(random_crops)

    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    other = Network.load(folder, CPU, dataset_index=1).heatmaps(random_crops)
    assert np.abs(other - theirs).max() > 1e-3


def test_flip_equals_transformers_flip_pairs(vitpose_folder, frame):
    from transformers import VitPoseForPoseEstimation

    boxes = boxes_for(frame.image)
    model = VitPoseForPoseEstimation.from_pretrained(vitpose_folder).eval()
    pixels = pixel_values_of(frame.image, boxes)
    with torch.inference_mode():
        output = model(pixels)
        mirrored = model(pixels.flip(-1), flip_pairs=torch.tensor(COCO17.flip_pairs))
        output.heatmaps = (output.heatmaps + mirrored.heatmaps) / 2
    results = VitPoseImageProcessorPil().post_process_pose_estimation(
        output, as_xywh(boxes)
    )[0]
    scores = np.stack([result["scores"].numpy() for result in results])

    flipping = ViTPose.load(str(vitpose_folder), CPU, flip=True)
    _, ours = by_us(flipping, frame.image, boxes)
    _, plain = by_us(ViTPose.load(str(vitpose_folder), CPU), frame.image, boxes)

    np.testing.assert_allclose(ours, np.clip(scores, 0, 1), atol=1e-3)
    assert np.abs(plain - ours).max() > 1e-2


def test_flipping_makes_left_and_right_equal(vitpose_folder, random_crops):
    network = Network.load(vitpose_folder, CPU)
    mirrored_rows = list(range(17))
    for left, right in COCO17.flip_pairs:
        mirrored_rows[left], mirrored_rows[right] = right, left

    heatmaps = network.heatmaps(random_crops, mirrored_rows)
    mirrored = network.heatmaps(random_crops[:, :, ::-1].copy(), mirrored_rows)

    np.testing.assert_allclose(mirrored[:, mirrored_rows, :, ::-1], heatmaps, atol=1e-4)


def pictures(shared_folder):
    images = shared_folder / "data" / "footage" / "images"
    return [cv2.imread(str(path)) for path in sorted(images.glob("co*"))[:3]]


def assert_same_path(image, tmp_path, dtype="float32"):
    """Fit a model to peak on `image`, then hold both whole paths against each other."""
    rng = np.random.default_rng(2)
    boxes = boxes_for(image)
    model = random_vitpose(Shape(hidden=96, heads=4))
    summits = rng.uniform([4, 4], [43, 59], (len(boxes), 17, 2))
    fit_last_layer(model, pixel_values_of(image, boxes).numpy(), summits)
    theirs, their_score = by_transformers(model, image, boxes)

    ours, score = by_us(
        ViTPose.load(str(save_vitpose(model, tmp_path)), Device("cpu", dtype)),
        image,
        boxes,
    )

    assert np.median(their_score) > 0.3  # Peaks, not noise.
    np.testing.assert_allclose(ours, theirs, atol=0.1)
    np.testing.assert_allclose(score, np.clip(their_score, 0, 1), atol=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_whole_path_equals_transformers(dtype, tmp_path, frame):
    assert_same_path(frame.image, tmp_path, dtype)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_whole_path_equals_transformers_on_photographs(number, tmp_path, shared):
    assert_same_path(pictures(shared)[number], tmp_path)


def test_bfloat16_stays_close(vitpose_folder, random_crops):
    full = Network.load(vitpose_folder, CPU).heatmaps(random_crops)
    short = Network.load(vitpose_folder, Device("cpu", "bfloat16"))
    error = short.heatmaps(random_crops) - full
    assert 0 < error.std() < 0.01 * full.std()


def test_preprocessor_settings_of_the_folder_count(vitpose_folder, tmp_path, rng):
    folder = shutil.copytree(vitpose_folder, tmp_path / "other-colours")
    path = folder / "preprocessor_config.json"
    settings = json.loads(path.read_text("utf-8"))
    settings["image_mean"], settings["image_std"] = [0.5] * 3, [0.5] * 3
    path.write_text(json.dumps(settings), encoding="utf-8")
    crops = np.full((1, 256, 192, 3), 127, dtype=np.uint8)

    with_own = Network.load(folder, CPU).heatmaps(crops)
    path.unlink()
    with_imagenet = Network.load(folder, CPU).heatmaps(crops)
    usual = Network.load(vitpose_folder, CPU).heatmaps(crops)

    assert np.abs(with_own - usual).max() > 1e-3
    np.testing.assert_array_equal(with_imagenet, usual)


def rewrite_config(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8")) | changes
    path.write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture
def copy(vitpose_folder, tmp_path):
    return shutil.copytree(vitpose_folder, tmp_path / "copy")


def test_weights_that_call_themselves_half_precision_run(copy, vitpose, frame):
    rewrite_config(copy, dtype="float16")
    box = np.array([[20.0, 20.0, 200.0, 220.0]])
    half, (xy, score) = ViTPose.load(str(copy), CPU), by_us(vitpose, frame.image, box)
    half_xy, half_score = by_us(half, frame.image, box)
    np.testing.assert_allclose(half_xy, xy, atol=1e-3)
    np.testing.assert_allclose(half_score, score, atol=1e-5)


def load_error(folder, kind=WeightsError):
    with pytest.raises(kind) as caught:
        ViTPose.load(str(folder), CPU)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_another_kind_of_model_is_refused(copy):
    rewrite_config(copy, model_type="rt_detr")
    assert "is of the kind 'rt_detr', not a ViTPose" in load_error(copy)


def test_a_damaged_config_is_refused(copy):
    (copy / "config.json").write_text('{"model_type": ', encoding="utf-8")
    assert "is not valid JSON" in load_error(copy)


def test_truncated_weights_are_refused(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "cannot be read" in load_error(copy)


def test_weights_of_another_size_are_refused(copy, tmp_path):
    other = save_vitpose(random_vitpose(Shape(hidden=32)), tmp_path / "other")
    shutil.copy(other / "model.safetensors", copy)
    assert str(copy) in load_error(copy)


def test_weights_that_lack_tensors_are_refused(copy, tmp_path):
    other = save_vitpose(random_vitpose(Shape(layers=1)), tmp_path / "other")
    shutil.copy(other / "model.safetensors", copy)
    assert "of the model's tensors" in load_error(copy)


def test_unknown_labels_are_refused_unless_the_layout_is_named(tmp_path):
    folder = save_vitpose(random_vitpose(Shape(num_labels=25)), tmp_path)
    assert "no known layout" in load_error(folder, VitposeError)
    assert ViTPose.load(str(folder), CPU, layout="body25b").layout.id == "body25b"


def test_a_models_names_choose_the_layout(tmp_path):
    names = tuple(
        name.replace("left_", "L_").replace("right_", "R_").title()
        for name in COCO17.names
    )
    folder = save_vitpose(random_vitpose(Shape(labels=names)), tmp_path)
    assert ViTPose.load(str(folder), CPU).layout is COCO17


def test_old_weight_files_are_read_too(copy, vitpose_folder, random_crops):
    from safetensors.torch import load_file

    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    old = Network.load(copy, CPU).heatmaps(random_crops)
    usual = Network.load(vitpose_folder, CPU).heatmaps(random_crops)
    np.testing.assert_array_equal(old, usual)


def test_a_damaged_old_weight_file_is_refused(copy):
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(b"not weights at all")
    assert "cannot be read" in load_error(copy)


def test_an_absent_expert_is_refused(tmp_path):
    folder = save_vitpose(random_vitpose(Shape(experts=3)), tmp_path)
    with pytest.raises(VitposeError, match=r"dataset_index 3 .* 0 \(COCO\) to 2"):
        ViTPose.load(str(folder), CPU, dataset_index=3)


@pytest.mark.gpu
def test_a_gpu_gives_the_cpus_answer(vitpose_folder, random_crops):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    on_cpu = Network.load(vitpose_folder, CPU).heatmaps(random_crops)
    on_gpu = Network.load(vitpose_folder, Device("cuda", "float16"))
    error = on_gpu.heatmaps(random_crops) - on_cpu
    assert error.std() < 0.01 * on_cpu.std()


@pytest.mark.model
def test_official_weights_give_the_published_numbers(shared):
    folder = shared / "data" / "keypoints" / "vitpose_reference"
    wanted = json.loads(
        (folder / "transformers_vitpose_expected.json").read_text("utf-8")
    )
    try:
        resolve_weights(wanted["model"], allow_download=False)
    except WeightsError as error:
        pytest.skip(str(error))
    image = cv2.imread(str(shared / "data" / wanted["image_local"]))
    xywh = np.array(wanted["boxes_xywh"])
    xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)

    vitpose = ViTPose.load(wanted["model"], CPU)
    person = vitpose.estimate(Frame(image, 0.0, 0), xyxy)[wanted["person_index"]]

    np.testing.assert_allclose(person.xy[:3], wanted["keypoints_first3"], atol=0.1)
    np.testing.assert_allclose(person.score[:3], wanted["scores_first3"], atol=5e-3)
