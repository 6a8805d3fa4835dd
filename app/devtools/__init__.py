"""Tools of the developers: demo, benchmarks, torture, and a PostgreSQL for tests."""
