// One server for a whole run. Workers and programs that they start inherit its environment.
import { redirectProcess, type StartOptions, startFakeFal } from "./server.js";

/** Start it and redirect this process and its children; the result stops it. */
export async function setUpRun(options: StartOptions = {}): Promise<() => Promise<void>> {
  const server = await startFakeFal(options);
  redirectProcess(server);
  return () => (server.isOwn ? server.stop() : Promise.resolve());
}
