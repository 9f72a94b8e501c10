"""Measurements against peers and floors; nothing here asserts on time."""
