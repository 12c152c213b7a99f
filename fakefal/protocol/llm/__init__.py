"""Language models: any-llm, openrouter/router, OpenAI-compatible bodies, tokens and prices."""
