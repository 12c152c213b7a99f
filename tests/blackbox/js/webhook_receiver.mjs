// An Express application that takes fal's webhooks, checked by the recipe of fal's docs alone, and
// @fal-ai/client that asks for them. Arguments: the fake's URL, and a prompt for each call.
import crypto from "node:crypto";
import { createFalClient } from "@fal-ai/client";
import express from "express";

const [fake, ...prompts] = process.argv.slice(2);
const DER_PREFIX = Buffer.from("302a300506032b6570032100", "hex"); // SPKI of an Ed25519 key

async function verify(headers, body) {
  const requestId = headers["x-fal-webhook-request-id"];
  const userId = headers["x-fal-webhook-user-id"];
  const timestamp = headers["x-fal-webhook-timestamp"];
  const signature = headers["x-fal-webhook-signature"];
  if (!requestId || !userId || !timestamp || !signature) return "header missing";
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return "too old or new";
  const hash = crypto.createHash("sha256").update(body).digest("hex");
  const message = Buffer.from([requestId, userId, timestamp, hash].join("\n"), "utf-8");
  const jwks = await fetch(`${fake}/rest.fal.ai/.well-known/jwks.json`);
  if (!jwks.ok) return "no keys";
  for (const { x } of (await jwks.json()).keys) {
    const der = Buffer.concat([DER_PREFIX, Buffer.from(x, "base64url")]);
    const key = crypto.createPublicKey({ key: der, format: "der", type: "spki" });
    if (crypto.verify(null, message, key, Buffer.from(signature, "hex"))) return "";
  }
  return "bad signature";
}

const fal = createFalClient({
  credentials: "any:key",
  requestMiddleware: async (request) => ({
    ...request,
    url: request.url.replace("https://", `${fake}/`),
  }),
});
const came = [];
const app = express();
app.post("/hook", express.raw({ type: "application/json" }), async (request, response) => {
  const flaw = await verify(request.headers, request.body);
  came.push({ flaw, body: JSON.parse(request.body.toString("utf-8")) });
  response.sendStatus(flaw ? 401 : 200);
});
const server = app.listen(0, "127.0.0.1", async () => {
  const webhookUrl = `http://127.0.0.1:${server.address().port}/hook`;
  const submitted = {};
  for (const prompt of prompts) {
    const { request_id } = await fal.queue.submit("fal-ai/any-llm", {
      input: { prompt },
      webhookUrl,
    });
    submitted[prompt] = request_id;
  }
  const { requestId, data } = await fal.subscribe("fal-ai/any-llm", {
    input: { prompt: "subscribed" },
    webhookUrl,
    pollInterval: 10,
  });
  submitted.subscribed = requestId;
  while (came.length <= prompts.length) await new Promise((done) => setTimeout(done, 5));
  console.log(JSON.stringify({ submitted, came, data }));
  server.close();
  server.closeAllConnections();
});
