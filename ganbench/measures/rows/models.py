"""What needs the networks themselves: battles of models, and what latents reach."""

from ganbench.measures.battles import gam, skill_rating, tournament_win_rate
from ganbench.measures.duality import duality_gap
from ganbench.measures.latents import path_length_pixels, reconstruction_error
from ganbench.measures.row import Measure

POOL = "it means something within its pool of models alone"

MODELS = {
    "gam": Measure(
        gam,
        "lower",
        "[0, inf)",
        (),
        "Im et al. 2016",
        title="Generative adversarial metric (GAM)",
        formula="r_samples = ε(D₁(G₂(z))) / ε(D₂(G₁(z))): errors of discriminators on each other's "
        "generators, where r_test = ε(D₁(x)) / ε(D₂(x)) is about 1",
        use="Two models, or two checkpoints, swap discriminators: below 1 the scored one wins.",
        misleads="It is about the discriminators as much as about the generators; where r_test is "
        "far from 1 the battle is a tie, whatever the value.",
        cost="2,000 samples of two models, seconds",
        borji="16",
        no_interval="it is a ratio of two shares in one battle",
        baseline=None,
        default=False,
    ),
    "tournament_win_rate": Measure(
        tournament_win_rate,
        "higher",
        "[0, 1]",
        (),
        "Olsson et al. 2018",
        title="Tournament win rate",
        formula="mean over all discriminators of 1 − (their share of right judgements), in matches "
        "of 64 fakes and 64 reals",
        use="The checkpoints of a run, or several runs: who fools whom.",
        misleads="Its pool decides it; a discriminator that calls everything fake gives 1/2.",
        cost="all generators against all discriminators, seconds",
        borji="17",
        no_interval="one round has no spread",
        baseline=None,
        default=False,
    ),
    "skill_rating": Measure(
        skill_rating,
        "higher",
        "(-inf, inf)",
        (),
        "Olsson et al. 2018; Glickman 2013",
        title="Skill rating (Glicko-2)",
        formula="Glicko-2 of generators and discriminators, a rating period for each round of the "
        "tournament; 1500 at the start",
        use="One number for who fools whom, also against unequal discriminators.",
        misleads="It is not comparable between pools: see the pool in the detail.",
        cost="that of the tournament",
        borji="17",
        no_interval=POOL,
        baseline=None,
        default=False,
    ),
    "reconstruction_error": Measure(
        reconstruction_error,
        "lower",
        "[0, inf)",
        (),
        "Xiang and Li 2017",
        title="Reconstruction error",
        formula="mean of min_z ‖G(z) − x‖² / D over held-out reals x",
        use="What the generator cannot make; against the same of the training data, memorisation.",
        misleads="The search finds an upper bound, and blurred samples are near to everything.",
        cost="64 searches of 100 steps of held-out and of training data, 20 s",
        borji="21",
        no_interval="one image has no spread",
        baseline=None,
        default=False,
    ),
    "path_length_pixels": Measure(
        path_length_pixels,
        "lower",
        "[0, inf)",
        (),
        "Karras et al. 2019",
        title="Perceptual path length, of pixels",
        formula="E ‖G(z(t + ε)) − G(z(t))‖² / (D ε²) along ways between latents",
        use="How smoothly samples follow their latents, between models of one data set.",
        misleads="A generator that ignores its latent has 0; pixels are not perception, so it is "
        "not the published PPL.",
        cost="4,000 samples in float64, seconds",
        no_interval="one path has no spread",
        baseline=None,
        default=False,
    ),
    "duality_gap": Measure(
        duality_gap,
        "lower",
        "[0, inf)",
        (),
        "Grnarova et al. 2019",
        title="Duality gap",
        formula="max over D of V(G, D) − min over G of V(G, D), by a budget of updates of copies",
        use="How far a run is from an equilibrium, without any classifier.",
        misleads="A lower bound that grows with the budget: compare equal budgets and networks.",
        cost="100 updates of each network, seconds",
        no_interval="it is the outcome of two trainings",
        baseline=None,
        default=False,
    ),
}
