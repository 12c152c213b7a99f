// http.request and https.request: what axios, got, node-fetch, ws and the like are built on.
"use strict";

const http = require("node:http");
const https = require("node:https");
const { urlToHttpOptions } = require("node:url");
const { isFals } = require("./hosts.cjs");

const REPLACED = ["host", "hostname", "port", "defaultPort", "protocol", "agent", "createConnection"];
const OF_TLS = ["servername", "ca", "cert", "key", "pfx", "rejectUnauthorized", "checkServerIdentity"];
const OF_SOCKETS = ["socketPath", "lookup", "family", "localAddress", "localPort"];

/** The options of a request and its callback, of all the ways to write them; null if it is no URL. */
function read(input, options, callback) {
  if (typeof input === "string" || (input && typeof input.href === "string" && input.protocol)) {
    let url;
    try {
      url = urlToHttpOptions(new URL(String(input.href ?? input)));
    } catch {
      return null;
    }
    if (typeof options === "function") return [url, options];
    return [Object.assign(url, options), callback];
  }
  return [input ?? {}, options];
}

function without(options, names) {
  const kept = {};
  for (const name in options) if (!names.includes(name)) kept[name] = options[name]; // inherited too
  return kept;
}

/** Headers with a Host, in the form in which they were given: an object, or a flat list. */
function withHost(headers, host) {
  if (Array.isArray(headers)) {
    const has = headers.some((name, at) => at % 2 === 0 && String(name).toLowerCase() === "host");
    return has ? headers : ["Host", host, ...headers];
  }
  const has = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "host");
  return has ? headers : { Host: host, ...headers };
}

const agents = new WeakMap();

/** An agent for plain http that pools as the given one does. */
function plain(agent) {
  if (agent === false || agent === undefined || agent === null) return agent ?? undefined;
  let found = agents.get(agent);
  if (!found) {
    const options = agent.options ?? {};
    found = new http.Agent({
      keepAlive: Boolean(agent.keepAlive),
      maxSockets: agent.maxSockets,
      timeout: options.timeout,
    });
    agents.set(agent, found);
  }
  return found;
}

function install(base) {
  const real = http.request;

  const redirected = (module, request) =>
    function (...args) {
      const found = read(...args);
      const options = found?.[0];
      const host = options && String(options.hostname || options.host || "").replace(/:\d+$/, "");
      if (!host || !isFals(host)) return Reflect.apply(request, this, args);
      const isTls = (options.protocol ?? (module === https ? "https:" : "http:")) === "https:";
      const usual = isTls ? 443 : 80;
      const port = Number(options.port || options.defaultPort || usual);
      const named = port === usual ? host : `${host}:${port}`;
      const changed = without(options, [...REPLACED, ...OF_TLS, ...OF_SOCKETS]);
      changed.protocol = "http:";
      changed.host = changed.hostname = base.hostname;
      changed.port = base.port || 80;
      changed.agent = plain(options.agent);
      changed.headers = withHost(options.headers, named);
      const made = Reflect.apply(real, http, found[1] ? [changed, found[1]] : [changed]);
      made.host = host; // who asks the request for its address gets what was meant
      made.protocol = isTls ? "https:" : "http:";
      return made;
    };

  for (const module of [http, https]) {
    const request = redirected(module, module.request);
    module.request = request;
    module.get = function get(...args) {
      const made = Reflect.apply(request, this, args);
      made.end();
      return made;
    };
  }
}

module.exports = { install };
