// Exponential moving averages.

// s_t = w·s_{t−1} + (1 − w)·y_t over the finite values, divided by 1 − wᵗ so that the first values
// count as much as the later ones (Adam's debiasing). A value that is not finite stays what it is.
export function smooth(values, weight) {
  let sum = 0;
  let bias = 1;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    bias *= weight;
    return sum / (1 - bias);
  });
}
