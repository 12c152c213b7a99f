"""api.fal.ai/v1 and the other calls beside inference: models, spend, requests, account, storage."""
