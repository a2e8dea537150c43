"""What a step keeps, and batches that cannot fit: refused, with one that may."""

import pytest
import torch

from ganbench import recipes
from ganbench.config import (
    DcganModel,
    Loss,
    MlpModel,
    R3ganModel,
    SmallModel,
    SnganModel,
    StyleganModel,
    TutorialModel,
)
from ganbench.errors import InputError
from ganbench.train import memory
from ganbench.train import state as states

CPU = torch.device("cpu")
KINDS = {
    "mlp": (MlpModel(), (2,)),
    "tutorial": (TutorialModel(), (1, 28, 28)),
    "small": (SmallModel(), (1, 28, 28)),
    "dcgan": (DcganModel(width_g=16, width_d=16), (3, 32, 32)),
    "sngan": (SnganModel(width_g=32, width_d=32), (3, 32, 32)),
    "r3gan": (R3ganModel(width=16, most=32), (3, 32, 32)),
    "stylegan": (StyleganModel(width=16, most=32), (3, 32, 32)),
}


def made(name, condition="none", **loss):
    model, shape = KINDS[name]
    changes = {"model": model, "condition": condition, "loss": Loss(**loss), "precision": "fp32"}
    config = recipes.mnist().model_copy(update=changes)
    labels = (("a", "b"), (5, 5)) if condition != "none" else ((), ())
    return config, states.create(config, shape, CPU, *labels)


def test_an_mlp_keeps_what_its_layers_read():
    """Each linear layer reads a row of floats, which a ReLU has made and reads again."""
    config, state = made("mlp")
    widths = [state.generator[i].in_features for i in range(0, len(state.generator), 2)]
    judged = [2, 128, 128, 128]
    assert widths == [32, 128, 128, 128]
    slopes = memory.least(config, state) - 4 * (2 * sum(judged) + sum(widths))
    assert slopes in (0, 4 * 2 * 3 * 128)  # a leaky ReLU keeps what it reads as well


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("condition", ["none", "projection", "auxiliary"])
def test_it_is_in_proportion_to_the_batch(name, condition, monkeypatch):
    config, state = made(name, condition)
    each = memory.least(config, state)
    assert each > 4 * 3 * torch.Size(state.shape).numel()
    monkeypatch.setattr(memory, "PROBE", 12)
    assert memory.least(config, state) == pytest.approx(each, rel=0.01)


def test_spectral_norms_dropout_and_statistics_are_left_as_they_are():
    for name in ("dcgan", "tutorial"):
        config, state = made(name, spectral_norm=True)
        before = [value.clone() for net in state.networks().values() for value in net.buffers()]
        torch.manual_seed(5)
        memory.least(config, state)
        assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(5)))
        after = [value for net in state.networks().values() for value in net.buffers()]
        assert all(map(torch.equal, before, after))
        assert state.generator.training


def test_bfloat16_takes_half_and_fakes_that_are_not_shared_less():
    config, state = made("small")
    whole = memory.least(config, state)
    assert memory.least(config.model_copy(update={"precision": "bf16"}), state) == whole // 2
    assert memory.least(config.model_copy(update={"fakes": "inference"}), state) < whole


def test_a_batch_that_cannot_fit(monkeypatch):
    config, state = made("small")
    each = memory.least(config, state)
    monkeypatch.setattr(memory, "free", lambda device: 1000 * each)
    memory.check(config.model_copy(update={"batch": 1000}), state)
    with pytest.raises(InputError, match=r"--batch 4096 of 1x28x28 .* --batch 256 may fit"):
        memory.check(config.model_copy(update={"batch": 4096}), state)
    state.world = 4  # each of four processes takes a quarter
    memory.check(config.model_copy(update={"batch": 4000}), state)


def test_what_is_free_is_bounded_by_the_container(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    whole = memory.free(CPU)
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 200\nactive_file 9\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free(CPU) == pytest.approx(whole, rel=0.2)
    (tmp_path / "memory.max").write_text("1000\n")
    assert memory.free(CPU) == 500
