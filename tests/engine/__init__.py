"""Runs programs: arena, chunks, teams, and the network that lives."""
