const { contains, useFakeFal } = require("fakefal/jest");
const { slogan, streamed } = require("./slogans");

const fake = useFakeFal();

test("writes a slogan", async () => {
  fake.on("fal-ai/any-llm", { prompt: contains("tea") }).text("Steep it.");
  expect(await slogan("tea")).toBe("Steep it.");
});

test("tries again when the runner is lost", async () => {
  fake.on("fal-ai/any-llm").fail("runner_disconnected").then.text("Ship it.");
  expect(await slogan("boats")).toBe("Ship it.");
  expect(fake.calls("fal-ai/any-llm")).toHaveLength(2);
});

test("streams", async () => {
  fake.on("fal-ai/any-llm").text("Ship it.").stream("Ship", " it.");
  expect(await streamed("boats")).toBe("Ship it.");
});
