# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for device.py: what is chosen, and what is said when it cannot be."""

import pytest

torch = pytest.importorskip("torch")

from vitpose_blender.core.errors import VitposeError  # noqa: E402
from vitpose_blender.inference import device as device_module  # noqa: E402
from vitpose_blender.inference.device import (  # noqa: E402
    Device,
    available_devices,
    choose_device,
    limit_threads,
)


@pytest.fixture
def fresh_choice():
    """Forget what was probed, before and after."""
    device_module._fastest_dtype.cache_clear()
    yield
    device_module._fastest_dtype.cache_clear()


def pretend(monkeypatch, has_bfloat16: bool, short_time: float):
    """Replace the CPU by one whose probe takes 1 s in full precision."""
    monkeypatch.setattr(device_module, "_cpu_has_bfloat16", lambda: has_bfloat16)
    times = {torch.float32: 1.0, torch.bfloat16: short_time}
    monkeypatch.setattr(device_module, "_probe", lambda name, dtype: times[dtype])


def test_auto_takes_a_device_that_is_there():
    chosen = choose_device("auto")
    assert chosen.torch_device == available_devices()[0]
    assert chosen == choose_device()
    result = torch.ones(
        2, device=chosen.torch_device, dtype=getattr(torch, chosen.dtype)
    )
    assert result.sum().item() == 2


@pytest.mark.parametrize("spelling", ["cpu", "CPU", " cpu "])
def test_the_cpu_is_always_there(spelling):
    chosen = choose_device(spelling)
    assert chosen.torch_device == "cpu"
    assert chosen.dtype in ("float32", "bfloat16")


@pytest.mark.parametrize("name", ["cuda:99", "mps:3", "quantum", ""])
def test_an_absent_device_is_refused_with_those_present(name):
    with pytest.raises(VitposeError, match=r"is not available; this machine has .*cpu"):
        choose_device(name)


def test_a_device_that_torch_lists_but_cannot_use_is_left_out(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(device_module, "_computes", lambda name: name != "mps")
    assert "mps" not in device_module.available_devices.__wrapped__()


@pytest.mark.parametrize(
    ("has_bfloat16", "short_time", "dtype"),
    [
        (True, 0.4, "bfloat16"),
        (True, 0.95, "float32"),
        (True, float("inf"), "float32"),
        (False, 0.4, "float32"),
    ],
    ids=["faster", "hardly-faster", "wrong", "emulated"],
)
def test_bfloat16_must_be_native_and_faster(
    fresh_choice, monkeypatch, has_bfloat16, short_time, dtype
):
    pretend(monkeypatch, has_bfloat16, short_time)
    assert choose_device("cpu") == Device("cpu", dtype)


def test_the_probe_runs_once(fresh_choice, monkeypatch):
    pretend(monkeypatch, has_bfloat16=True, short_time=0.4)
    first = choose_device("cpu")
    pretend(monkeypatch, has_bfloat16=True, short_time=2.0)
    assert choose_device("cpu") == first


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_probe_measures_something(dtype):
    assert 0 < device_module._probe("cpu", getattr(torch, dtype)) < float("inf")


def test_a_device_describes_itself():
    assert Device("cuda:1", "float16").describe() == "cuda:1 (float16)"


def test_the_users_thread_count_is_kept(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", str(before))
    limit_threads()
    assert torch.get_num_threads() == before


def test_threads_are_never_more_than_granted(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    try:
        limit_threads()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("granted", "left"), [(2, 1), (1, 1)])
def test_a_core_can_be_spared_but_not_the_last(monkeypatch, granted, left):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = set(range(granted))
    monkeypatch.setattr("os.sched_getaffinity", lambda _: cores, raising=False)
    try:
        torch.set_num_threads(4)
        limit_threads(spare=1)
        assert torch.get_num_threads() == left
    finally:
        torch.set_num_threads(before)


@pytest.mark.gpu
def test_a_gpu_runs_in_half_precision():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    assert choose_device("auto") == Device("cuda", "float16")
