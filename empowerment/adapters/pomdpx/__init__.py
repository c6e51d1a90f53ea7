"""Models in files of the POMDPX format: factored, in XML."""
