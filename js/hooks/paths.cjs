// Where the scripts are that redirect a Node; the build copies them from fakefal/guard/hooks/node.
"use strict";

const preload = require.resolve("./node/preload.cjs");

module.exports = {
  preload,
  /** Redirect this process, for which FAKEFAL_URL is set. */
  install() {
    require("./node/preload.cjs");
    // clients that were loaded before have kept the old fetch: redirect what is below it, too
    globalThis.fetch?.("data:,").catch(() => {});
  },
};
