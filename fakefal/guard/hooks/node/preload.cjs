// Required by every Node under `fakefal run` before its program (NODE_OPTIONS). Brings what talks
// to fal over fetch, WebSocket, http, https and undici to the fake at FAKEFAL_URL, and refuses what
// would reach fal in another way. CommonJS, because `--require` is known to every version of Node;
// worker threads and child processes get it by the environment.
"use strict";

const text = process.env.FAKEFAL_URL;
if (text && !globalThis[Symbol.for("fakefal.preload")]) {
  Object.defineProperty(globalThis, Symbol.for("fakefal.preload"), { value: true });
  try {
    const base = new URL(text);
    // the guard last: it must see what the others let through
    require("./requests.cjs").install(base);
    require("./undici.cjs").install(base);
    require("./guard.cjs").install();
    require("node:module").syncBuiltinESMExports();
  } catch (error) {
    process.stderr.write(`fakefal: this Node is not redirected: ${error.message}\n`);
  }
}
