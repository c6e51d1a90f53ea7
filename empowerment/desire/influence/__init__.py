"""Influence of messages on desires, and on the choices that follow."""
