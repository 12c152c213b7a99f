// A shop that writes taglines for posters. Nothing in it knows of fakefal.
import { fal } from "@fal-ai/client";
import express from "express";

export const app = express().use(express.json());
export const finished = [];

app.post("/taglines", async (request, response) => {
  const input = { prompt: `Write a tagline: ${request.body.product}`, model: "openai/gpt-4o" };
  try {
    const { data } = await fal.subscribe("fal-ai/any-llm", { input });
    response.json({ tagline: data.output });
  } catch (error) {
    response.status(502).json({ problem: error.message });
  }
});

app.post("/posters", async (request, response) => {
  const webhookUrl = `http://${request.headers.host}/finished`;
  const { request_id } = await fal.queue.submit("fal-ai/flux/dev", { input: request.body, webhookUrl });
  response.status(202).json({ request_id });
});

app.post("/finished", (request, response) => {
  finished.push(request.body);
  response.sendStatus(200);
});
