"""Borji's table: "Pros and Cons of GAN Evaluation Measures" (2018), and what answers each row."""

BORJI = {
    "1": "Average log-likelihood",
    "2": "Coverage metric",
    "3": "Inception Score",
    "4": "Modified Inception Score",
    "5": "Mode Score",
    "6": "AM Score",
    "7": "Fréchet Inception Distance",
    "8": "Maximum mean discrepancy",
    "9": "The Wasserstein critic",
    "10": "Birthday paradox test",
    "11": "Classifier two-sample tests",
    "12": "Classification performance",
    "13": "Boundary distortion",
    "14": "Number of statistically different bins",
    "15": "Image retrieval performance",
    "16": "Generative adversarial metric",
    "17": "Tournament win rate and skill rating",
    "18": "Normalized relative discriminative score",
    "19": "Adversarial accuracy and divergence",
    "20": "Geometry score",
    "21": "Reconstruction error",
    "22": "Image quality measures",
    "23": "Low-level image statistics",
    "24": "Precision, recall and F1",
    "Q1": "Nearest neighbours",
    "Q2": "Rapid scene categorization",
    "Q3": "Rating and preference judgment",
    "Q4": "Mode drop and mode collapse",
    "Q5": "Network internals",
}
"""The 24 quantitative measures and the 5 qualitative ones, by their numbers."""

ELSEWHERE = {
    "Q1": "evaluate --html draws the grids",
    "Q2": "ganbench judge: people answer on a page",
    "Q3": "ganbench judge: people answer on a page",
    "Q5": "ganbench internals, interpolate, project: pictures",
}
"""Where the qualitative ones are, which no number answers, or no number alone."""
