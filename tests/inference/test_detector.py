# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for inference/detector.py and hog.py, with networks of random weights."""

import json
import logging
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vitpose_blender.core.errors import WeightsError
from vitpose_blender.inference import detector as detector_module
from vitpose_blender.inference.detector import (
    CPU_MODEL,
    FullFrameDetector,
    HogDetector,
    TransformersDetector,
    make_detector,
)
from vitpose_blender.inference.device import Device
from vitpose_blender.inference.tracking import box_iou

CPU = SimpleNamespace(torch_device="cpu", dtype="float32")
LABELS = {0: "Car", 1: "Person", 2: "Dog"}


# As small as both networks allow.
BACKBONE = {
    "embedding_size": 8,
    "hidden_sizes": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
}
NETWORK = {
    "encoder_hidden_dim": 16,
    "encoder_ffn_dim": 16,
    "encoder_attention_heads": 2,
    "d_model": 16,
    "decoder_ffn_dim": 16,
    "decoder_attention_heads": 2,
    "num_queries": 30,
    "anchor_image_size": None,
}


def _rt_detr(labels):
    from transformers import (
        RTDetrConfig,
        RTDetrForObjectDetection,
        RTDetrResNetConfig,
    )

    backbone = RTDetrResNetConfig(
        layer_type="basic", out_features=["stage2", "stage3", "stage4"], **BACKBONE
    )
    config = RTDetrConfig(
        backbone_config=backbone,
        encoder_in_channels=[8, 16, 16],
        decoder_in_channels=[16, 16, 16],
        decoder_layers=1,
        id2label=labels,
        **NETWORK,
    )
    return RTDetrForObjectDetection(config)


def _d_fine(labels):
    from transformers import DFineConfig, DFineForObjectDetection, HGNetV2Config

    backbone = HGNetV2Config(
        stem_channels=[3, 8, 8],
        stage_in_channels=[8, 8, 8, 16],
        stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[8, 8, 16, 16],
        stage_num_blocks=[1, 1, 1, 1],
        stage_numb_of_layers=[1, 1, 1, 1],
        out_features=["stage3", "stage4"],
        **BACKBONE,
    )
    config = DFineConfig(
        backbone_config=backbone,
        encoder_in_channels=[16, 16],
        decoder_in_channels=[16, 16],
        feat_strides=[16, 32],
        num_feature_levels=2,
        encode_proj_layers=[1],
        decoder_layers=2,
        decoder_n_points=[2, 2],
        id2label=labels,
        **NETWORK,
    )
    return DFineForObjectDetection(config)


def _save(build, labels, folder):
    """Save with scattered weights: fresh ones give every query the same box."""
    import torch
    from transformers import RTDetrImageProcessorPil

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(2)
        model = build(labels)
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    size = {"height": 160, "width": 160}
    RTDetrImageProcessorPil(size=size).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=[_rt_detr, _d_fine], ids=["rt-detr", "d-fine"])
def folder(request, tmp_path_factory):
    return _save(request.param, LABELS, tmp_path_factory.mktemp("detector"))


@pytest.fixture(scope="module")
def rt_detr_folder(tmp_path_factory):
    return _save(_rt_detr, LABELS, tmp_path_factory.mktemp("rt_detr"))


@pytest.fixture
def image(rng):
    noise = rng.integers(0, 255, size=(9, 16, 3), dtype=np.uint8)
    return cv2.resize(noise, (320, 180), interpolation=cv2.INTER_CUBIC)


def _reference(folder, image, min_score):
    """What transformers' own classes say, called as its documentation does."""
    import torch
    from PIL import Image
    from transformers import AutoModelForObjectDetection, RTDetrImageProcessorPil

    processor = RTDetrImageProcessorPil.from_pretrained(folder)
    model = AutoModelForObjectDetection.from_pretrained(folder).eval()
    picture = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    with torch.no_grad():
        outputs = model(**processor(images=picture, return_tensors="pt"))
    return processor.post_process_object_detection(
        outputs, threshold=min_score, target_sizes=torch.tensor([picture.size[::-1]])
    )[0]


def test_network_finds_what_transformers_finds(folder, image):
    expected = _reference(folder, image, min_score=0.3)
    is_person = (expected["labels"] == 1).numpy()
    assert 0 < is_person.sum() < len(is_person)

    found = TransformersDetector(str(folder), CPU, min_score=0.3).detect(image)

    order = np.argsort(-expected["scores"].numpy()[is_person], kind="stable")
    boxes = expected["boxes"].numpy()[is_person][order]
    assert np.ptp(boxes, axis=0).max() > 10
    np.testing.assert_allclose(found.xyxy, boxes, atol=0.5)
    np.testing.assert_allclose(
        found.score, expected["scores"].numpy()[is_person][order], atol=1e-3
    )


def test_network_may_find_nobody(rt_detr_folder, image):
    assert (
        len(TransformersDetector(str(rt_detr_folder), CPU, min_score=1.0).detect(image))
        == 0
    )


def test_network_without_people_says_what_it_knows(tmp_path):
    _save(_rt_detr, {0: "car", 1: "dog"}, tmp_path)
    with pytest.raises(WeightsError, match="knows no people, only car, dog"):
        make_detector(str(tmp_path), CPU)


def test_weights_that_lack_tensors_are_refused(rt_detr_folder, tmp_path):
    from safetensors.torch import load_file, save_file

    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((rt_detr_folder / name).read_bytes())
    tensors = load_file(rt_detr_folder / "model.safetensors")
    kept = {k: v for k, v in tensors.items() if "encoder_input_proj" not in k}
    assert len(kept) < len(tensors)
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(WeightsError, match=r"lack \d+ of the model's tensors"):
        make_detector(str(tmp_path), CPU)


@pytest.mark.parametrize(
    "broken", ["config.json", "model.safetensors", "preprocessor_config.json"]
)
def test_damaged_files_give_one_sentence(rt_detr_folder, tmp_path, broken):
    for path in rt_detr_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / broken).write_text("not what it should be")

    with pytest.raises(WeightsError, match="cannot be read") as caught:
        make_detector(str(tmp_path), CPU)
    assert "\n" not in str(caught.value)


def test_a_pose_model_is_no_detector(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vitpose"}))
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(WeightsError):
        make_detector(str(tmp_path), CPU)


def test_absent_weights_are_not_fetched_unasked(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        make_detector(str(tmp_path / "none"), CPU)


needs_hog = pytest.mark.skipif(
    not hasattr(cv2, "HOGDescriptor"), reason="OpenCV 5 has no HOG detector"
)


@pytest.fixture
def no_networks(monkeypatch, tmp_path):
    """No detector on this machine, and no model in the project."""
    monkeypatch.setattr(detector_module, "CPU_MODEL", str(tmp_path / "none"))
    monkeypatch.setattr(detector_module, "BUILT_IN_MODEL", str(tmp_path / "no_nano"))


def test_auto_without_hog_takes_the_whole_picture(monkeypatch, caplog, no_networks):
    monkeypatch.delattr(cv2, "HOGDescriptor", raising=False)
    with caplog.at_level(logging.WARNING):
        assert make_detector("auto", CPU).name == "full-frame"
    assert "whole picture" in caplog.text


@needs_hog
def test_auto_falls_back_on_hog_and_says_so(caplog, tmp_path, no_networks):
    with caplog.at_level(logging.WARNING):
        found = make_detector("auto", CPU)
    assert found.name == "hog"
    assert "HOG" in caplog.text
    assert str(tmp_path / "none") in caplog.text


def test_auto_prefers_the_built_in_model_to_hog(
    monkeypatch, no_networks, vitpose_folder
):
    monkeypatch.setattr(detector_module, "BUILT_IN_MODEL", str(vitpose_folder))
    detector = make_detector("auto", Device("cpu", "float32"))
    assert detector.name == "built-in"
    detector.detect(np.zeros((90, 160, 3), dtype=np.uint8))


def test_named_built_in_model_that_is_missing_is_said(no_networks):
    with pytest.raises(WeightsError, match="no_nano"):
        make_detector("built-in", CPU)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_auto_takes_the_model_of_the_device(monkeypatch, rt_detr_folder, device):
    name = "CPU_MODEL" if device == "cpu" else "GPU_MODEL"
    monkeypatch.setattr(detector_module, name, str(rt_detr_folder))
    monkeypatch.setattr(detector_module, "TransformersDetector", _record)
    chosen = make_detector("auto", SimpleNamespace(torch_device=device))
    assert chosen.name == str(rt_detr_folder)


def _record(model, device, *, allow_download):
    return SimpleNamespace(name=model)


def test_the_light_model_is_for_the_cpu():
    assert "nano" in CPU_MODEL


def test_full_frame_is_the_picture():
    found = FullFrameDetector().detect(np.zeros((90, 160, 3), dtype=np.uint8))
    np.testing.assert_array_equal(found.xyxy, [[0, 0, 160, 90]])
    assert found.score.tolist() == [1.0]
    assert make_detector("full-frame", CPU).name == "full-frame"


def _scene(wh=(960, 720), x=480, height=480):
    """Draw a dark figure with head, trunk and legs before a bright wall."""
    image = np.full((wh[1], wh[0], 3), 200, dtype=np.uint8)
    top = (wh[1] - height) // 2

    def point(dx, dy):
        return round(x + dx * height), round(top + dy * height)

    def limb(a, b, width):
        cv2.line(image, point(*a), point(*b), (40, 40, 40), round(width * height))

    cv2.circle(image, point(0, 0.07), round(0.065 * height), (40, 40, 40), -1)
    limb((0, 0.2), (0, 0.5), 0.2)
    for side in (-1, 1):
        limb((side * 0.11, 0.2), (side * 0.14, 0.5), 0.06)
        limb((side * 0.05, 0.5), (side * 0.06, 0.97), 0.08)
    box = np.array([*point(-0.17, 0), *point(0.17, 1)], dtype=float)
    return image, box


@needs_hog
@pytest.mark.parametrize(
    ("wh", "x", "height"),
    [((960, 720), 480, 480), ((1280, 720), 300, 640), ((480, 360), 240, 240),
     ((540, 960), 270, 600)],
    ids=["middle", "tall", "small picture", "portrait"],
)  # fmt: skip
def test_hog_finds_a_standing_figure(wh, x, height):
    image, box = _scene(wh, x, height)
    found = HogDetector().detect(image)
    overlaps = box_iou(box[np.newaxis], found.xyxy)[0]
    assert overlaps.argmax() == 0, "the figure is the surest detection"
    assert overlaps[0] > 0.5
    assert ((found.score > 0) & (found.score < 1)).all()


@needs_hog
def test_hog_finds_nobody_on_a_wall():
    assert len(HogDetector().detect(np.full((720, 1280, 3), 127, np.uint8))) == 0


@needs_hog
@pytest.mark.parametrize("hw", [(1, 1), (30, 300), (2000, 30), (128, 64)])
def test_hog_takes_any_picture(hw):
    assert len(HogDetector().detect(np.zeros((*hw, 3), dtype=np.uint8))) == 0


def test_hog_missing_from_opencv_is_said(monkeypatch):
    monkeypatch.delattr(cv2, "HOGDescriptor", raising=False)
    with pytest.raises(WeightsError, match="without the HOG people detector"):
        HogDetector()


@needs_hog
def test_hog_finds_the_walking_woman(shared):
    path = shared / "data/footage/video/sports2d_4.mp4"
    video = cv2.VideoCapture(str(path))
    video.set(cv2.CAP_PROP_POS_FRAMES, 60)
    ok, image = video.read()
    video.release()
    assert ok
    found = HogDetector().detect(image)
    assert len(found) == 1
    left, top, right, bottom = found.xyxy[0]
    assert 850 < left < right < 1200
    assert 230 < top < bottom < 720
