"""The application with two more pages, for benchmarks only: what the first screen is measured against."""
