"""Recognise a guitar effect, estimate its settings and render them."""
