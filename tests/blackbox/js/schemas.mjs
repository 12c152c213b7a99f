// Calls to an endpoint that has a schema, with invalid and valid inputs; one JSON document.
//   node schemas.mjs URL
import { createFalClient, ValidationError } from "@fal-ai/client";

const [url] = process.argv.slice(2);
const fal = createFalClient({
  credentials: "id:secret",
  requestMiddleware: async (request) => ({
    ...request,
    url: request.url.replace(/^https:\/\//, `${url}/`),
  }),
});

async function invalid(call) {
  try {
    return { data: (await call()).data };
  } catch (error) {
    return {
      isValidationError: error instanceof ValidationError,
      status: error.status,
      fields: error.fieldErrors?.map((item) => item.loc.join(".")),
      width: error.getFieldErrors?.("width").map((item) => item.msg),
    };
  }
}

const endpoint = "fal-ai/flux/dev";
const input = { prompt: "x", image_size: { width: -1 } };
const seen = {
  run: await invalid(() => fal.run(endpoint, { input })),
  subscribe: await invalid(() => fal.subscribe(endpoint, { input, pollInterval: 1 })),
  valid: await invalid(() => fal.run(endpoint, { input: { prompt: "x", seed: 3 } })),
};
console.log(JSON.stringify(seen));
