// The curves and the movies of several runs, side by side.
