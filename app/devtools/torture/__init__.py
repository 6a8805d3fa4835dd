"""The torture behind `tickets torture`: a real server is killed, starved and lied to, and everything is counted."""
