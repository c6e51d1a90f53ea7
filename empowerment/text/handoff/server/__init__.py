"""Server that completes as far as the rule allows, in the formats that editors use."""
