import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.js"],
    exclude: ["test/failing/**", "**/node_modules/**"],
    globalSetup: "./dist/esm/vitest-setup.js",
    maxWorkers: 4,
    testTimeout: 20_000,
  },
});
