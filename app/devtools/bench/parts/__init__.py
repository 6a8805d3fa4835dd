"""The parts of the benchmarks: each yields rows of the table."""
