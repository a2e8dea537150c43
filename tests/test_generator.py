"""Samples of a generator: what they depend on, and what they do not."""

import subprocess
import sys

import pytest
import torch

import ganbench as gb
from ganbench import scoring, workbench
from ganbench.errors import InputError, StoreError
from ganbench.store import checkpoints
from ganbench.train import loop
from ganbench.types import Images, Points
from tests.generators import digits, points, styled


@pytest.mark.parametrize("generator", [digits(), digits(categories=3), points()])
@pytest.mark.parametrize("k", [1, 63, 64, 65, 150])
def test_fewer_samples_are_the_first_of_more(generator, k):
    many = generator.sample(200, seed=3)
    assert torch.equal(generator.sample(k, seed=3), many[:k])
    assert not torch.equal(generator.sample(k, seed=4), many[:k])


def test_samples_are_data_of_the_shape():
    assert digits().sample(5).dtype == torch.uint8
    assert digits().sample(5).shape == (5, 1, 8, 8)
    assert points().sample(5).dtype == torch.float32
    assert points().sample(5).shape == (5, 2)
    assert digits().sample(0).shape == (0, 1, 8, 8)
    assert digits().sample(30).float().std() > 20


def test_a_sample_is_what_the_network_makes_of_its_latent():
    generator = digits()
    latents = generator.latents(70)
    made = ((generator.net(latents) + 1) * 127.5).round()
    assert (generator(latents).float() - made).abs().max() <= 1
    assert torch.equal(generator.sample(70), generator(latents))


@pytest.mark.parametrize("size", [1, 7, 64, 500])
def test_as_images_they_are_the_same(size):
    generator = digits(classes=("a", "b"))
    images = generator.images(130, seed=2)
    assert type(images) is Images
    batches = list(images.batches(size))
    assert torch.equal(torch.cat(batches), generator.sample(130, seed=2))
    assert {len(batch) for batch in batches[:-1]} <= {size}
    assert images.classes == ("a", "b")
    assert torch.equal(images.labels, generator.latents(130, seed=2)[:, :2].argmax(1))
    assert type(points().images(3)) is Points


def test_latents_are_drawn_as_the_config_says():
    normal = digits().latents(20_000)
    assert normal.mean().abs() < 0.02
    assert (normal.std() - 1).abs() < 0.02
    # No block repeats another.
    assert len(normal.unique(dim=0)) == 20_000
    uniform = digits(distribution="uniform").latents(20_000)
    assert uniform.min() >= -1
    assert (uniform.std() - 3**-0.5).abs() < 0.01


class TestTruncation:
    def test_z_is_scaled_and_what_is_one_hot_is_left(self):
        generator = digits(classes=("a", "b"), categories=3)
        whole, half = generator.latents(90, seed=1), generator.truncated(0.5).latents(90, seed=1)
        assert torch.equal(half[:, :5], whole[:, :5])
        assert torch.equal(half[:, 5:], whole[:, 5:] * 0.5)
        assert torch.equal(generator.sample(90, seed=1, psi=0.5), generator(half))
        twice = generator.truncated(0.5).truncated(0.5)
        assert torch.equal(twice.latents(9), generator.truncated(0.25).latents(9))

    @pytest.mark.parametrize("make", [digits, styled])
    def test_none_changes_nothing_and_all_leaves_one_sample(self, make):
        generator = make()
        assert generator.truncated(1) is generator
        typical = generator.sample(9, seed=1, psi=0)
        assert torch.equal(typical, generator.sample(1, psi=0).expand_as(typical))
        spread = [generator.sample(64, psi=psi).float().std(0).mean() for psi in (0, 0.5, 1)]
        assert 0 == spread[0] < spread[1] < spread[2]

    def test_styles_move_towards_their_mean(self):
        generator = styled()
        latents = generator.latents(200)
        style = generator.net.style
        mean = style(generator.latents(4096)).mean(0)
        expected = generator.net.synthesis(mean + 0.3 * (style(latents) - mean))
        found = generator.truncated(0.3)
        assert torch.equal(found.latents(200), latents)
        torch.testing.assert_close(found.net(latents), expected, rtol=1e-4, atol=1e-5)
        # Its z counts by its direction alone, so scaling it would have done nothing.
        shorter = generator.net(latents * 0.3)
        torch.testing.assert_close(shorter, generator.net(latents), rtol=0, atol=1e-3)

    def test_the_name_says_so(self):
        assert digits().truncated(0.5).images(3).name == "a generator psi 0.5 seed 0"


class TestClasses:
    def test_they_are_as_frequent_as_in_the_data(self):
        generator = digits(classes=("a", "b", "c"), counts=(100, 0, 300))
        drawn = torch.bincount(generator.images(20_000).labels, minlength=3) / 20_000
        assert (drawn - torch.tensor([0.25, 0, 0.75])).abs().max() < 0.01
        even = torch.bincount(digits(classes=("a", "b")).images(20_000).labels) / 20_000
        assert (even - 0.5).abs().max() < 0.01

    def test_by_name_by_number_or_one_each(self):
        generator = digits(classes=("cat", "3", "dog"))
        for label, number in (("cat", 0), (2, 2), ("2", 2), ("3", 1), (1, 1)):
            latents = generator.latents(5, labels=label)
            assert torch.equal(generator.labels_of(latents), torch.full((5,), number))
            assert latents[:, :3].count_nonzero() == 5
        each = generator.images(3, labels=["dog", 0, "3"])
        assert each.labels.tolist() == [2, 0, 1]
        assert torch.equal(generator.sample(3, labels=torch.tensor([2, 0, 1])), each.tensor())

    def test_z_does_not_depend_on_them(self):
        generator = digits(classes=("a", "b"))
        one, two = generator.latents(70, labels="a"), generator.latents(70, labels="b")
        assert torch.equal(one[:, 2:], two[:, 2:])
        assert torch.equal(one[:, 2:], generator.latents(70)[:, 2:])
        assert not torch.equal(generator(one), generator(two))

    def test_other_classes_are_refused_by_name(self):
        generator = digits(classes=("cat", "dog"))
        with pytest.raises(InputError, match=r"no class 'cta'; did you mean 'cat'.*1 dog"):
            generator.sample(2, labels="cta")
        with pytest.raises(InputError, match="no class 2"):
            generator.sample(2, labels=2)
        with pytest.raises(InputError, match="3 labels for 2 samples"):
            generator.sample(2, labels=[0, 1, 0])
        with pytest.raises(InputError, match="is not conditional"):
            digits().sample(2, labels=0)

    def test_the_fingerprint_says_which(self):
        generator = digits(classes=("a", "b"))
        asked = (None, 0, 1, [0, 1, 0, 1], [1, 0, 0, 1])
        assert len({generator.images(4, labels=labels).fingerprint for labels in asked}) == 5
        assert generator.images(4, labels=1).name == "a generator seed 0 class b"


def test_latents_of_another_length_are_refused():
    with pytest.raises(InputError, match=r"reads latents of N×6, got 2×5"):
        digits()(torch.zeros(2, 5))


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    run = workbench.launch(tiny(steps=20), tmp_path_factory.mktemp("runs"))
    list(run.events())
    return run


class TestLoad:
    def test_by_path_by_id_and_the_latest(self, run, monkeypatch):
        runs = run.folder.path.parent
        expected = gb.load(run.folder.id, runs_dir=runs).sample(10)
        for source in (run.folder.path, f"{runs}/latest", f"{runs}/{run.folder.id[:6]}"):
            assert torch.equal(gb.load(source).sample(10), expected)
        assert torch.equal(gb.load(runs_dir=runs).sample(10), expected)
        monkeypatch.chdir(run.folder.path)
        assert torch.equal(gb.load(".").sample(10), expected)

    def test_it_is_the_averaged_generator_of_the_checkpoint(self, run):
        generator = gb.load(run.folder.path)
        latents = generator.latents(10)
        expected = loop.sample(run.config, run.state.ema, latents)
        torch.testing.assert_close(generator(latents), expected, rtol=0, atol=1e-6)
        assert (generator.step, generator.seen, generator.shape) == (20, 640, (2,))
        assert not any(p.requires_grad for p in generator.net.parameters())
        at_10 = gb.load(run.folder.path, step=10)
        assert (at_10.step, at_10.seen) == (10, 320)
        assert not torch.equal(at_10(latents), generator(latents))

    def test_samples_of_a_run_are_the_same(self, run):
        images = scoring.images_of("run:latest", 30, 5, runs_dir=run.folder.path.parent)
        assert torch.equal(images.tensor(), gb.load(run.folder.path).sample(30, seed=5))
        assert images.name == f"run:{run.folder.id}@20 seed 5"

    def test_the_random_numbers_of_the_program_are_left_alone(self, run):
        before = torch.random.get_rng_state()
        gb.load(run.folder.path).sample(3)
        assert torch.equal(torch.random.get_rng_state(), before)

    def test_what_is_not_there(self, run, tmp_path):
        runs = run.folder.path.parent
        with pytest.raises(StoreError, match="no run 'nothing'"):
            gb.load("nothing", runs_dir=runs)
        with pytest.raises(StoreError, match="no checkpoint at step 7; there are 10, 20"):
            gb.load(run.folder.path, step=7)
        with pytest.raises(InputError, match=r"it has no run\.json"):
            gb.load(tmp_path)
        with pytest.raises(StoreError, match="holds no runs"):
            gb.load(tmp_path / "latest")

    def test_a_damaged_checkpoint_is_named(self, tiny, tmp_path):
        run = workbench.launch(tiny(steps=10), tmp_path)
        list(run.events())
        (step,) = checkpoints.steps(run.folder)
        path = run.folder.checkpoints / str(step) / "ema.safetensors"
        path.write_bytes(path.read_bytes()[:-1] + b"\7")
        with pytest.raises(InputError, match=rf"run {run.folder.id}.*ema\.safetensors is damaged"):
            gb.load(run.folder.path)

    def test_importing_it_waits_until_it_is_used(self):
        code = "import sys, ganbench as gb; print('torch' in sys.modules); gb.load; "
        code += "print('torch' in sys.modules)"
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert shown.stdout.split() == ["False", "True"]
