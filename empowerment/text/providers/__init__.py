"""Providers of token models. A module loads its library when a model is made, not before."""
