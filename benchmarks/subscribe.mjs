// Prints the median milliseconds of a subscribe. Argument: the folder of @fal-ai/client.
import { createRequire } from "node:module";

const { fal } = createRequire(`${process.argv[2]}/`)(process.argv[2]);
const times = [];
for (let number = 0; number < 8; number += 1) {
  const began = performance.now();
  await fal.subscribe("fal-ai/any-llm", { input: { prompt: "Write a tagline" } });
  times.push(performance.now() - began);
}
const kept = times.slice(3).sort((one, other) => one - other);
console.log(kept[Math.floor(kept.length / 2)].toFixed(1));
