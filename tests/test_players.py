"""What measures see of a model: the same samples, with gradients, and the run's discriminators."""

import pytest
import torch

import ganbench as gb
from ganbench import exported, loading, scoring, workbench
from ganbench.config import Loss
from ganbench.models import MODELS, build
from ganbench.models.condition import HEADS, judge
from ganbench.players import Judge, player
from ganbench.store import checkpoints, folder
from ganbench.train import loop
from ganbench.train import state as states
from tests.generators import digits, points, styled


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    """A run of 40 steps, with all its checkpoints."""
    runs = tmp_path_factory.mktemp("runs")
    list(workbench.launch(tiny(keep=9), runs).events())
    return folder.find(runs, "latest")


@pytest.mark.parametrize("generator", [digits(), digits(classes=("a", "b")), points(), styled()])
def test_decoded_latents_are_the_samples(generator):
    images = generator.images(70, seed=3)
    model = images.model
    latents = model.latents(70, 3)
    decoded = model.decode(latents)
    data = images.tensor()
    if data.dtype == torch.uint8:
        assert (decoded >= 0).all()
        assert (decoded <= 1).all()
        assert (decoded * 255 - data.float()).abs().max() <= 0.51  # of rounding
    else:
        torch.testing.assert_close(decoded, data)
    again = images.take(torch.tensor([4, 2]), "two").model
    assert again is model


@pytest.mark.parametrize("generator", [digits(), digits(classes=("a", "b")), points(), styled()])
def test_float64_has_gradients_that_are_differences(generator):
    decode = generator.model.decode
    latents = generator.latents(2, 1).double().requires_grad_()
    weights = torch.randn(decode(latents).shape, dtype=torch.float64)
    (slope,) = torch.autograd.grad((decode(latents) * weights).sum(), latents)
    way = torch.randn_like(latents)
    with torch.no_grad():
        ahead, behind = (((decode(latents + s * way)) * weights).sum() for s in (1e-6, -1e-6))
    torch.testing.assert_close((ahead - behind) / 2e-6, (slope * way).sum(), rtol=1e-4, atol=1e-4)
    plain = generator.latents(2, 1)
    near = decode(plain).double() - decode(plain.double())
    assert near.abs().max() < 1e-4
    assert decode(plain).dtype == torch.float32


def test_the_latent_proper_is_told_from_what_is_one_hot():
    model = digits(classes=("a", "b"), categories=3, distribution="uniform").model
    assert (model.dim, model.prior) == (3, "uniform")
    head = model.latents(50, 0)[:, : -model.dim]
    assert head.shape == (50, 5)
    assert set(head.flatten().tolist()) == {0.0, 3.0}


def test_a_generator_in_training_stays_so():
    generator = digits()
    generator.net.train()
    before = [buffer.clone() for buffer in generator.net.buffers()]
    generator.model.decode(generator.latents(9))
    generator.model.players()[0].make(9, 0)
    assert generator.net.training
    assert all(torch.equal(a, b) for a, b in zip(before, generator.net.buffers(), strict=True))


class TestPlayers:
    def test_they_are_the_checkpoints_oldest_first(self, run):
        generator = loading.of_run(run, None, torch.device("cpu"))
        found = generator.images(10).model.players()
        assert [player.step for player in found] == checkpoints.steps(run) == [10, 20, 30, 40]
        assert found[-1].name == generator.name
        assert generator.model.players() is found  # loaded once
        earlier = loading.of_run(run, 20, torch.device("cpu")).model.players()
        assert [player.step for player in earlier] == [10, 20]

    def test_they_make_and_judge_as_the_networks_of_their_step(self, run):
        generator = loading.of_run(run, None, torch.device("cpu"))
        one = generator.model.players()[1]
        files = checkpoints.read(run, 20)
        state = states.from_files(generator.config, files, torch.device("cpu"))
        made = one.make(100, 5)
        torch.testing.assert_close(made, loading.of_run(run, 20, made.device).sample(100, 5))
        with loop.inference(state.discriminator):
            torch.testing.assert_close(one.judge(made), state.discriminator(made))
        assert torch.equal(one.read(made), made)

    def test_copies_are_trained_and_the_player_is_not(self, run):
        one = loading.of_run(run, None, torch.device("cpu")).model.players()[-1]
        made = one.make(20, 0)
        logits = one.judge(made)
        nets = one.networks()
        latents = loading.of_run(run, None, torch.device("cpu")).latents(20)
        torch.testing.assert_close(nets[0](latents), made)
        torch.testing.assert_close(nets[1](made), logits)
        nets[1](nets[0](latents)).sum().backward()
        for net in nets:
            for weight in net.parameters():
                assert weight.grad is not None
                weight.data += 1
        assert torch.equal(one.judge(made), logits)
        assert torch.equal(one.make(20, 0), made)

    def test_an_exported_folder_has_no_discriminator(self, run, tmp_path):
        generator = loading.of_run(run, None, torch.device("cpu"))
        files = exported.to_files(generator, {})
        (tmp_path / exported.WEIGHTS).write_bytes(files.weights)
        (tmp_path / exported.JSON).write_bytes(files.json)
        (one,) = gb.load(tmp_path).images(5).model.players()
        assert one.judge is None
        assert "not kept" in one.why
        torch.testing.assert_close(one.make(5, 0), generator.model.players()[-1].make(5, 0))

    def test_the_discriminator_alone(self, run, tmp_path):
        found = loading.discriminator_of(run.id, step=30, runs_dir=run.path.parent)
        config = loading.of_run(run, 30, torch.device("cpu")).config
        state = states.from_files(config, checkpoints.read(run, 30), torch.device("cpu"))
        expected = state.discriminator.state_dict()
        assert found.state_dict().keys() == expected.keys()
        assert all(torch.equal(found.state_dict()[name], expected[name]) for name in expected)

    def test_a_truncated_generator_is_none_of_the_run(self, run):
        half = loading.of_run(run, None, torch.device("cpu")).truncated(0.5)
        (one,) = half.model.players()
        assert one.judge is None
        torch.testing.assert_close(one.make(5, 0), half.sample(5, 0))


def config_of(name, **changes):
    return digits().config.model_copy(update={"loss": Loss(name=name), **changes})


@pytest.mark.parametrize(
    ("name", "condition", "judges", "trains"),
    [
        ("non-saturating", "none", True, True),
        ("bce", "none", True, True),
        ("minimax", "auxiliary", True, True),
        ("hinge", "none", True, False),
        ("lsgan", "none", True, False),
        ("wasserstein", "none", False, False),
        ("relativistic", "none", False, False),
        ("non-saturating", "projection", False, False),
    ],
)
def test_who_can_judge(name, condition, judges, trains):
    classes = () if condition == "none" else ("a", "b")
    config = config_of(name, condition=condition)
    plain = digits(classes=classes)
    generator = type(plain)(**{**vars(plain), "config": config})
    _, net = build(config, (1, 8, 8), len(classes))
    one = player(generator, net.eval())
    assert (one.judge is not None, one.networks is not None) == (judges, trains)
    assert bool(one.why) != judges
    if judges:
        assert one.judge(one.make(70, 0)).shape == (70,)


def test_the_threshold_of_least_squares_is_one_half():
    config = config_of("lsgan")
    _, net = build(config, (1, 8, 8))
    pixels = torch.randint(0, 256, (9, 1, 8, 8), dtype=torch.uint8)
    expected = net.eval()(MODELS["small"].from_data(pixels)) - 0.5
    torch.testing.assert_close(Judge(config, net)(pixels.float() / 255), expected)


def test_an_auxiliary_head_needs_no_class():
    net = HEADS["auxiliary"](MODELS["small"].discriminator(digits().config.model, (1, 8, 8)), 3)
    pixels = torch.randint(0, 256, (9, 1, 8, 8), dtype=torch.uint8)
    seen = MODELS["small"].from_data(pixels)
    expected = judge(net, seen, torch.eye(3)[[0, 1, 2] * 3]).logits
    found = Judge(config_of("bce"), net, 3)(pixels.float() / 255)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


INSIDE = ("gam", "tournament_win_rate", "skill_rating", "reconstruction_error", "duality_gap")


def test_measures_look_into_a_run_and_say_where_they_cannot(run):
    """Of points; the run has a uniform or normal prior and four checkpoints."""
    runs = str(run.path.parent)
    sides = {"real": "builtin:ring8:train", "control": "builtin:ring8:test", "runs_dir": runs}
    found = {
        score.measure: score
        for score in scoring.evaluate(
            fake=f"run:{run.id}",
            measures=[*INSIDE, "path_length_pixels:n=100"],
            n=300,
            cache=False,
            **sides,
        )
    }
    assert all(score.value is not None for score in found.values()), found
    assert len(found["skill_rating"].detail["ratings"]) == 8
    assert found["gam"].detail["battles"][0]["opponent"].endswith("@10")
    assert found["tournament_win_rate"].interval is not None
    alone = {
        score.measure: score.warnings[0]
        for score in scoring.evaluate(
            fake=f"run:{run.id}@10", measures=INSIDE[:3], n=300, cache=False, **sides
        )
    }
    assert all("not applicable, because" in why and "--keep" in why for why in alone.values())
