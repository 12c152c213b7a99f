// The key of the test that makes a call, in place of the program's own: the npm package fakefal sets
// it. The function is a property of node:http, as jest gives each test file a global object of its
// own, and only Node's modules are the same for all.
"use strict";

const http = require("node:http");

const CURRENT = Symbol.for("fakefal.currentKey");
const NAME = "authorization";

/** The Authorization header of the current test; undefined outside tests. */
function currentAuthorization() {
  const key = typeof http[CURRENT] === "function" ? http[CURRENT]() : undefined;
  return key ? `Key ${key}` : undefined;
}

/** Headers with the key of the current test, in any form that http and undici accept. */
function withKey(headers) {
  const value = currentAuthorization();
  if (value === undefined) return headers;
  if (headers === undefined || headers === null) return { [NAME]: value };
  if (Array.isArray(headers)) {
    if (headers.length && Array.isArray(headers[0])) {
      return [...headers.filter(([name]) => !isName(name)), [NAME, value]];
    }
    const kept = [];
    for (let at = 0; at < headers.length; at += 2) {
      if (!isName(headers[at])) kept.push(headers[at], headers[at + 1]);
    }
    return [...kept, NAME, value];
  }
  if (typeof headers[Symbol.iterator] === "function") return withKey([...headers]);
  const kept = Object.entries(headers).filter(([name]) => !isName(name));
  return { ...Object.fromEntries(kept), [NAME]: value };
}

function isName(name) {
  return String(name).toLowerCase() === NAME;
}

module.exports = { withKey };
