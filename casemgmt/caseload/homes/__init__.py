"""Care homes over time: who lives where and on whose list, which homes one practice serves, and what changed."""
