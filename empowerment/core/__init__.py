"""What every room speaks: channels, checks, status, intervals, layouts."""
