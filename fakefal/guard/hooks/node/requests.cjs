// Redirects http.request and https.request, which axios, got, node-fetch and ws use.
"use strict";

const http = require("node:http");
const https = require("node:https");
const { urlToHttpOptions } = require("node:url");
const { isFalHost } = require("./hosts.cjs");
const { withKey, withTest } = require("./tenant.cjs");

const REPLACED = ["host", "hostname", "port", "defaultPort", "protocol", "agent", "createConnection"];
const OF_TLS = ["servername", "ca", "cert", "key", "pfx", "rejectUnauthorized", "checkServerIdentity"];
const OF_SOCKETS = ["socketPath", "lookup", "family", "localAddress", "localPort"];

/** Normalise the arguments to [options, callback]; null for an invalid URL. */
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

/** Headers with a Host, in the same form: an object, or a flat list. */
function withHost(headers, host) {
  if (Array.isArray(headers)) {
    const has = headers.some((name, at) => at % 2 === 0 && String(name).toLowerCase() === "host");
    return has ? headers : ["Host", host, ...headers];
  }
  const has = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "host");
  return has ? headers : { Host: host, ...headers };
}

const agents = new WeakMap();

/** An http.Agent with the pool settings of another agent. */
function httpAgentFor(agent) {
  if (agent === false || agent === undefined || agent === null) return agent ?? undefined;
  let httpAgent = agents.get(agent);
  if (!httpAgent) {
    const options = agent.options ?? {};
    httpAgent = new http.Agent({
      keepAlive: Boolean(agent.keepAlive),
      maxSockets: agent.maxSockets,
      timeout: options.timeout,
    });
    agents.set(agent, httpAgent);
  }
  return httpAgent;
}

function install(base) {
  const real = http.request;

  const redirected = (module, request) =>
    function (...args) {
      const [options, callback] = read(...args) ?? [];
      const host = options && String(options.hostname || options.host || "").replace(/:\d+$/, "");
      if (!host || !isFalHost(host)) {
        const headers = options && withTest(options.headers, host);
        if (!options || headers === options.headers) return Reflect.apply(request, this, args);
        const sent = { ...without(options, []), headers };
        return Reflect.apply(request, this, callback ? [sent, callback] : [sent]);
      }
      const isTls = (options.protocol ?? (module === https ? "https:" : "http:")) === "https:";
      const defaultPort = isTls ? 443 : 80;
      const port = Number(options.port || options.defaultPort || defaultPort);
      const hostHeader = port === defaultPort ? host : `${host}:${port}`;
      const changed = without(options, [...REPLACED, ...OF_TLS, ...OF_SOCKETS]);
      changed.protocol = "http:";
      changed.host = changed.hostname = base.hostname;
      changed.port = base.port || 80;
      changed.agent = httpAgentFor(options.agent);
      changed.headers = withHost(withKey(options.headers), hostHeader);
      const made = Reflect.apply(real, http, callback ? [changed, callback] : [changed]);
      made.host = host; // clients read the request's host and protocol, for example in redirects
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
