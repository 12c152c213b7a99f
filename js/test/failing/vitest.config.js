import { defineConfig } from "vitest/config";

export default defineConfig({ test: { globalSetup: "../../dist/esm/vitest-setup.js" } });
