"""The platform API at api.fal.ai: models, prices, usage."""
