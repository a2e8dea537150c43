// What differs between runs: parameters, scores; over many runs, what mattered.
