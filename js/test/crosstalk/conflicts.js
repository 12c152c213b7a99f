// A hundred tests of the same name, endpoint and input, which run at the same time.
import { fal } from "@fal-ai/client";
import { useFakeFal } from "fakefal/vitest";
import { expect, test } from "vitest";

export function conflicts(file) {
  const fake = useFakeFal();
  for (let number = 0; number < 100; number += 1) {
    test.concurrent("conflict", async () => {
      const answer = `${file} ${number}`;
      fake.on("fal-ai/any-llm").text(answer);
      const { data } = await fal.subscribe("fal-ai/any-llm", { input: { prompt: "x" } });
      expect(data.output).toBe(answer);
      fake.assertCalled("fal-ai/any-llm", { prompt: "x" }, { times: 1 });
    });
  }
}
