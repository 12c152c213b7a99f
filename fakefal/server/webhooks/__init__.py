"""Posts the webhooks that the engine has due."""
