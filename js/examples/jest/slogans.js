const { createFalClient } = require("@fal-ai/client");

const client = createFalClient({ credentials: "the-key-of:production" });

exports.slogan = async (product, retries = 1) => {
  for (;;) {
    try {
      const { data } = await client.subscribe("fal-ai/any-llm", { input: { prompt: product } });
      return data.output;
    } catch (error) {
      if (retries-- <= 0) throw error;
    }
  }
};

exports.streamed = async (product) => {
  const stream = await client.stream("fal-ai/any-llm", { input: { prompt: product } });
  let output = "";
  for await (const event of stream) output = event.output;
  return output;
};
