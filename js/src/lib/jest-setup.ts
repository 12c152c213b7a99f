// globalSetup: "fakefal/jest-setup" of jest. The server ends with jest.
import { setUpRun } from "./setup.js";

export default async function setup(): Promise<void> {
  await setUpRun();
}
