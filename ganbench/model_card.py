"""The model card of an exported generator: a README.md in the form that model hubs read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganbench.tables import duration, number

PAPERS = {
    "tutorial": "the networks of the tutorial “Graduating in GANs”",
    "small": "small strided convolutions after DCGAN",
    "dcgan": "DCGAN (Radford, Metz and Chintala, 2016)",
    "sngan": "the residual networks of SNGAN (Miyato et al., 2018)",
    "r3gan": "R3GAN (Huang et al., 2024)",
    "stylegan": "a compact StyleGAN2 (Karras et al., 2020)",
    "mlp": "fully connected networks",
}
NO_LICENCE = "License: not stated. Whoever publishes this model says which; the data may bind it."


@dataclass(frozen=True)
class Facts:
    """What a card says. `described` is the JSON of the exported folder.

    `run` is what `store.query.show_run` gives, `data` are name, n and fingerprint of the training
    data as far as they are known. `scores` as JSON has them were made at step `scored_at`. `onnx`
    is how far that model was from PyTorch, or None if there is none. `troubles` are sentences on
    what went wrong in the training.
    """

    described: Mapping[str, Any]
    run: Mapping[str, Any]
    data: Mapping[str, Any]
    scores: Sequence[Mapping[str, Any]]
    scored_at: int | None
    troubles: Sequence[str]
    onnx: float | None
    picture: str | None


def card(facts: Facts) -> str:
    """The card, as Markdown with a front matter of YAML."""
    name = facts.run["id"]
    parts = [
        _front_matter(facts),
        f"# {name}",
        _picture(facts),
        _what(facts),
        "## Use\n\n" + _use(facts),
        "## Training\n\n" + _training(facts),
        "## Scores\n\n" + _scores(facts),
        "## Limits\n\n" + _limits(facts),
        "## License\n\n" + NO_LICENCE,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(facts: Facts) -> str:
    """In JSON's spelling of strings and lists, which is YAML."""
    config = facts.described["config"]
    images = len(facts.described["shape"]) > 1
    conditional = bool(facts.described["classes"])
    tags = ["gan", "generative-adversarial-network", config["model"]["name"]]
    lines = {
        "library_name": "ganbench",
        "tags": tags + ["onnx"] * (facts.onnx is not None),
        "pipeline_tag": None if not images or conditional else "unconditional-image-generation",
        "datasets": [config["data"].removeprefix("hf:")] if config["data"][:3] == "hf:" else None,
    }
    shown = (f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in lines.items() if v is not None)
    return "\n".join(["---", *shown, "---"])


def _picture(facts: Facts) -> str:
    return f"![Samples, seed 0, not selected]({facts.picture})" if facts.picture else ""


def _what(facts: Facts) -> str:
    described, config = facts.described, facts.described["config"]
    shape, classes = described["shape"], described["classes"]
    size = "×".join(map(str, shape))
    kind = f"images of {size} (channels×height×width)" if len(shape) == 3 else f"points of {size}"
    words = [
        f"A generator of {kind}: {PAPERS.get(config['model']['name'], config['model']['name'])}, "
        f"{described['parameters']:,} parameters, trained by the recipe `{config['recipe']}` of "
        f"ganbench on {_data(facts)}."
    ]
    if classes:
        listed = ", ".join(classes[:20]) + (", …" if len(classes) > 20 else "")
        words.append(f"It is conditional, on {len(classes)} classes: {listed}.")
    return " ".join(words)


def _data(facts: Facts) -> str:
    data, spec = facts.data, facts.described["config"]["data"]
    count = f" ({data['n']:,} samples)" if "n" in data else ""
    print_ = f", fingerprint `{data['fingerprint']}`" if "fingerprint" in data else ""
    return f"`{spec}`{count}{print_}"


def _use(facts: Facts) -> str:
    described = facts.described
    label = ', labels="' + described["classes"][0] + '"' if described["classes"] else ""
    made = "float32 N×D" if len(described["shape"]) == 1 else "uint8 N×C×H×W"
    text = (
        "```python\nimport ganbench as gb\n"
        f'samples = gb.load("path/to/this/folder").sample(64, seed=0{label})  # {made}\n```'
    )
    if facts.onnx is None:
        return text
    latents = (
        f"`generator.onnx` reads `latents` (float32, N×{described['inputs']}) and gives `samples`"
        + (" in [0, 1]" if len(described["shape"]) > 1 else "")
    )
    return (
        f"{text}\n\n{latents}; it agrees with PyTorch within {facts.onnx:.1g}, as run by "
        f"onnxruntime. {_latents(described)}"
    )


def _latents(described: Mapping[str, Any]) -> str:
    """How a latent is made without ganbench."""
    latent, classes = described["config"]["latent"], len(described["classes"])
    parts = []
    if classes:
        parts.append(f"{classes} components that are 0 but for a 3 at the number of the class")
    if latent["categories"]:
        parts.append(f"{latent['categories']} that are 0 but for a 3 at a place drawn evenly")
    kind = "standard normal" if latent["distribution"] == "normal" else "uniform on (−1, 1)"
    parts.append(f"{latent['dim'] - latent['categories']} that are {kind}")
    return f"A latent is {', then '.join(parts)}."


def _training(facts: Facts) -> str:
    described, run = facts.described, facts.run
    config, environment = described["config"], run.get("environment") or {}
    device = environment.get("gpu") or environment.get("processor") or "an unknown device"
    if not environment.get("gpu") and environment.get("threads"):
        threads = environment["threads"]
        device += f", {threads} thread{'s' * (threads != 1)}"
    packages = environment.get("packages") or {}
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    rows = {
        "steps": f"{described['step']:,}"
        + (f" of {run['steps']:,}" if run["steps"] not in (None, described["step"]) else ""),
        "real samples seen": f"{described['seen']:,}",
        "time of the run": f"{duration(run['seconds'])}, to step {run['step']:,}",
        "device": device,
        "batch": config["batch"],
        "objective": _objective(config),
        "optimizers": " and ".join(_optimizer(config[f"optimizer_{net}"]) for net in "dg")
        + " (discriminator, generator)",
        "average of the weights": f"half-life {config['ema_images']:,} images"
        if config["ema_images"]
        else "none",
        "seed": config["seed"],
        "software": versions,
    }
    lines = [f"| {name} | {str(value).replace('|', '¦')} |" for name, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines]) + ("\n\nThe whole config is in `config.json`.")


def _objective(config: Mapping[str, Any]) -> str:
    loss = config["loss"]
    named = [f"{key} {loss[key]:g}" for key in ("r1", "r2", "penalty", "lecam") if loss.get(key)]
    if loss.get("spectral_norm"):
        named.append("spectral norm")
    if config["condition"] != "none":
        named.append(f"conditional ({config['condition']})")
    if config["augment"]["name"] != "none":
        named.append(config["augment"]["name"])
    return ", ".join([loss["name"], *named])


def _optimizer(optimizer: Mapping[str, Any]) -> str:
    end = f" to {optimizer['lr_end']:g}" if optimizer.get("lr_end") is not None else ""
    return f"{optimizer['name']} {optimizer['lr']:g}{end}"


def _scores(facts: Facts) -> str:
    """A table, then the protocol that the numbers depend on."""
    if not facts.scores:
        return "Not scored: `ganbench evaluate` would."
    lines = [
        "| measure | value | 95 % interval | real against real | n real, n fake | features |",
        "|---|---|---|---|---|---|",
    ]
    for s in facts.scores:
        interval = " … ".join(map(number, s["interval"])) if s["interval"] else "–"
        real = "?" if s["n_real"] is None else f"{s['n_real']:,}"
        values = (
            s["measure"] + (f" {s['group']}" if s.get("group") else ""),
            number(s["value"]),
            interval,
            number(s["baseline"]),
            f"{real}, {s['n_fake']:,}",
            f"{s['extractor']}, protocol `{s['fingerprint']}`",
        )
        lines.append(f"| {' | '.join(values)} |")
    reference = sorted({str((s["protocol"] or {}).get("reference", "?")) for s in facts.scores})
    text = "\n".join(lines) + (
        f"\n\nAgainst `{'`, `'.join(reference)}`, by the generator at step {facts.scored_at:,}"
    )
    if facts.scored_at != facts.described["step"]:
        text += f", **not the one of this folder, which is of step {facts.described['step']:,}**"
    return (
        f"{text}. Two scores can be compared if their protocols agree. The intervals are about the "
        "samples of this generator; another seed of the training moves scores more."
    )


def _limits(facts: Facts) -> str:
    lines = [f"- In training: {trouble}" for trouble in facts.troubles]
    state, reason = facts.run["state"], facts.run.get("reason")
    if state != "finished":
        lines.append(f"- The run is {state}" + (f": {reason}." if reason else "."))
    warned: dict[str, list[str]] = {}
    for score in facts.scores:
        for warning in score["warnings"]:
            warned.setdefault(warning, []).append(score["measure"])
    lines += [f"- {', '.join(names)}: {warning}" for warning, names in warned.items()]
    lines.append("- It can only draw what its training data are like, with their biases.")
    return "\n".join(lines)
