# SPDX-License-Identifier: GPL-3.0-or-later
"""A ViTPose's files in all the forms in which they are found, read without help."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.inference.random_vitpose import (  # noqa: E402
    Shape,
    random_vitpose,
    save_vitpose,
)
from vitpose_blender.core.errors import WeightsError  # noqa: E402
from vitpose_blender.inference.device import Device  # noqa: E402
from vitpose_blender.inference.network import Network  # noqa: E402
from vitpose_blender.inference.safetensors_file import read_safetensors  # noqa: E402
from vitpose_blender.inference.vit_files import read_shape, read_tensors  # noqa: E402

ROOT = Path(__file__).parents[2]
CPU = Device("cpu", "float32")


@pytest.fixture
def copy(vitpose_folder, tmp_path):
    return shutil.copytree(vitpose_folder, tmp_path / "copy")


def change(folder, **backbone):
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config["backbone_config"] |= backbone
    path.write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize("simple", [True, False])
@pytest.mark.parametrize("experts", [1, 3])
def test_the_file_holds_what_the_shape_says_and_no_more(tmp_path, simple, experts):
    from safetensors.torch import load_file

    model = random_vitpose(Shape(simple=simple, experts=experts))
    folder = save_vitpose(model, tmp_path)
    shape, labels = read_shape(folder)
    found = load_file(folder / "model.safetensors")
    counters = {name for name in found if name.endswith("num_batches_tracked")}
    assert shape.tensors() == {
        name: tuple(tensor.shape)
        for name, tensor in found.items()
        if name not in counters
    }
    assert len(labels) == 17


@pytest.mark.parametrize(
    "odd",
    [
        {"hidden_act": "relu"},
        {"out_indices": [1]},
        {"qkv_bias": False},
        {"hidden_size": None},
        {"image_size": "large"},
    ],
)
def test_settings_that_nobody_has_published_are_refused(copy, odd):
    change(copy, **odd)
    with pytest.raises(WeightsError, match="settings of another form"):
        Network.load(copy, CPU)


def test_what_a_config_leaves_out_is_as_in_transformers(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "vitpose"}')
    shape, labels = read_shape(tmp_path)
    assert (shape.hidden, shape.layers, shape.heads, shape.eps) == (768, 12, 12, 1e-12)
    assert (shape.image_hw, shape.is_simple, len(labels)) == ((256, 192), True, 17)


def test_experts_may_be_called_as_older_versions_do(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save_vitpose(random_vitpose(Shape(experts=3)), tmp_path)
    crops = np.full((1, 256, 192, 3), 90, np.uint8)
    usual = Network.load(folder, CPU, 2).heatmaps(crops)
    path = folder / "model.safetensors"
    older = {
        name.replace(".experts.", ".experts.experts."): tensor
        for name, tensor in load_file(path).items()
    }
    save_file(older, path)
    np.testing.assert_array_equal(Network.load(folder, CPU, 2).heatmaps(crops), usual)


@pytest.mark.parametrize("kind", ["float64", "float16", "bfloat16"])
def test_any_number_format_is_read(tmp_path, kind, rng):
    from safetensors.torch import save_file

    wanted = torch.from_numpy(rng.normal(size=(3, 4))).to(getattr(torch, kind))
    counter = torch.tensor(7)
    save_file({"a": wanted, "n": counter}, tmp_path / "x", {"key": "value"})
    found, metadata = read_safetensors(tmp_path / "x")
    assert metadata == {"key": "value"}
    assert found.keys() == {"a"}
    np.testing.assert_array_equal(found["a"], wanted.float().numpy())


def test_weights_in_parts_are_read(copy):
    from safetensors.torch import load_file, save_file

    whole = load_file(copy / "model.safetensors")
    names = sorted(whole)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for part, held in parts.items():
        save_file({name: whole[name] for name in held}, copy / part)
    (copy / "model.safetensors").unlink()
    index = {name: part for part, held in parts.items() for name in held}
    (copy / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": index})
    )
    found = read_tensors(copy, read_shape(copy)[0])
    assert all(torch.equal(found[name], whole[name]) for name in found)


def test_a_vitpose_needs_no_transformers(vitpose_folder):
    code = (
        "import sys, pathlib\n"
        "from vitpose_blender.inference.device import Device\n"
        "from vitpose_blender.inference.vitpose import ViTPose\n"
        "ViTPose.load(sys.argv[1], Device('cpu', 'float32'))\n"
        "print(*{'transformers', 'scipy', 'safetensors', 'huggingface_hub'}"
        " & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, vitpose_folder],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
