// The key of the test that makes a call, in place of the program's own: the npm package fakefal sets
// it. Requests to servers on this machine carry it in a header, and a server that this script was loaded
// into makes its own calls with it: so an app that a test calls belongs to this test, in its process
// or in another one. Without the npm package nothing of this happens.
"use strict";

const http = require("node:http");
const { AsyncLocalStorage } = require("node:async_hooks");

// On node:http, as jest gives each test file a global object of its own, and only Node's modules are
// the same for all.
const CURRENT = Symbol.for("fakefal.currentKey");
const REQUESTS = Symbol.for("fakefal.requests");
const NAME = "authorization";
const HEADER = "x-fakefal-test";
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]", "::1"];

const requests = (http[REQUESTS] ??= new AsyncLocalStorage());

/** The key of the request that is being handled, or of the test; undefined outside of both. */
function currentKey() {
  return requests.getStore() ?? (typeof http[CURRENT] === "function" ? http[CURRENT]() : undefined);
}

/** The Authorization header of the current test; undefined outside tests. */
function currentAuthorization() {
  const key = currentKey();
  return key ? `Key ${key}` : undefined;
}

/** Headers with the key of the current test, in any form that http and undici accept. */
function withKey(headers) {
  return withHeader(headers, NAME, currentAuthorization());
}

/** Headers of a request to a server on this machine, with the key of the current test. */
function withTest(headers, host) {
  return LOOPBACK.includes(host) ? withHeader(headers, HEADER, currentKey()) : headers;
}

/** Headers with one replaced; undefined changes nothing. */
function withHeader(headers, header, value) {
  const isName = (name) => String(name).toLowerCase() === header;
  if (value === undefined) return headers;
  if (headers === undefined || headers === null) return { [header]: value };
  if (Array.isArray(headers)) {
    if (headers.length && Array.isArray(headers[0])) {
      return [...headers.filter(([name]) => !isName(name)), [header, value]];
    }
    const kept = [];
    for (let at = 0; at < headers.length; at += 2) {
      if (!isName(headers[at])) kept.push(headers[at], headers[at + 1]);
    }
    return [...kept, header, value];
  }
  if (typeof headers[Symbol.iterator] === "function") return withHeader([...headers], header, value);
  const kept = Object.entries(headers).filter(([name]) => !isName(name));
  return { ...Object.fromEntries(kept), [header]: value };
}

/** Let servers of this process handle each request as a part of the test that sent it. */
function install() {
  const real = http.Server.prototype.emit;
  http.Server.prototype.emit = function emit(name, request, ...rest) {
    const key = name === "request" || name === "upgrade" ? request?.headers?.[HEADER] : undefined;
    if (!key) return Reflect.apply(real, this, [name, request, ...rest]);
    delete request.headers[HEADER];
    return requests.run(key, () => Reflect.apply(real, this, [name, request, ...rest]));
  };
}

module.exports = { install, withKey, withTest };
