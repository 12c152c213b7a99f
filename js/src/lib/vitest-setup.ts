// globalSetup: "fakefal/vitest-setup" of vitest.
import { setUpRun } from "./setup.js";

export default function setup(): Promise<() => Promise<void>> {
  return setUpRun();
}
