"""Token models by what stands behind them. A module here loads its library when a model is made, not before."""
