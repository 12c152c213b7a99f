// Required by every Node under `fakefal run` before its program (NODE_OPTIONS). Redirects fal calls
// over fetch, WebSocket, http, https and undici to the fake at FAKEFAL_URL, and blocks other ways
// to reach fal. CommonJS, because every version of Node supports `--require`; worker threads and
// child processes inherit NODE_OPTIONS.
"use strict";

const text = process.env.FAKEFAL_URL;
if (text && !globalThis[Symbol.for("fakefal.preload")]) {
  Object.defineProperty(globalThis, Symbol.for("fakefal.preload"), { value: true });
  require("node:http")[Symbol.for("fakefal.preload")] = text; // for the npm package, in any realm
  try {
    const base = new URL(text);
    // the guard last, as the others replace what it wraps
    require("./tenant.cjs").install();
    require("./requests.cjs").install(base);
    require("./undici.cjs").install(base);
    require("./guard.cjs").install();
    require("node:module").syncBuiltinESMExports();
  } catch (error) {
    process.stderr.write(`fakefal: this Node is not redirected: ${error.message}\n`);
  }
}
