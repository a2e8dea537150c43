"""The architectures as small as they come, for tests."""

from ganbench import config, recipes

MODELS = {
    "small": config.SmallModel(width_g=2, width_d=2),
    "dcgan": config.DcganModel(width_g=4, width_d=4),
    "sngan": config.SnganModel(width_g=8, width_d=4),
    "r3gan": config.R3ganModel(width=4, most=8, group=4),
    "stylegan": config.StyleganModel(width=4, most=8, style=8),
    "mlp": config.MlpModel(hidden=16, depth=2),
}


def made(model, condition="none", spectral_norm=False, dim=8):
    """A config with one of the `MODELS`, or with another model."""
    recipe = recipes.mnist()
    return recipe.model_copy(
        update={
            "model": MODELS.get(model, model),
            "latent": config.Latent(dim=dim),
            "condition": condition,
            "loss": recipe.loss.model_copy(update={"spectral_norm": spectral_norm}),
        }
    )
