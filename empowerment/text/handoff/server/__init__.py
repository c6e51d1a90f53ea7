"""A server that completes as far as the rule allows, in the forms that editors speak."""
