"""The benchmarks behind `tickets bench`: real servers as processes of their own, spoken to over real sockets."""
