"""Finds, explains, reproduces and fixes where what you built does not fit where it runs."""

from __future__ import annotations

__version__ = "0.1.0"
