// Blocks lookups of and direct connections to fal's hosts, and reports them to the run.
"use strict";

const dns = require("node:dns");
const fs = require("node:fs");
const net = require("node:net");
const { isFalHost } = require("./hosts.cjs");

const FRAMES = 8;
const LOOKUPS = ["lookup", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCname"];

/** Report an attempt; returns the error for the program. */
function blockedError(host, port, how) {
  const target = port ? `${host}:${port}` : host;
  report(target, how);
  const error = new Error(
    `fakefal blocked a direct connection to ${target}: fal is reached through fetch, WebSocket, ` +
      "http, https or the proxy of the environment (HTTPS_PROXY), none of which this code uses",
  );
  return Object.assign(error, {
    code: "ECONNREFUSED",
    errno: -111,
    syscall: "connect",
    hostname: host,
    port,
  });
}

/** Append a line to the file of escapes; errors of the file do not unblock the attempt. */
function report(target, how) {
  const path = process.env.FAKEFAL_ESCAPES;
  if (!path) return;
  const record = {
    target,
    by: "Node",
    how,
    pid: process.pid,
    command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    stack: stack(),
  };
  try {
    fs.appendFileSync(path, `${JSON.stringify(record)}\n`, { flag: fs.constants.O_WRONLY | fs.constants.O_APPEND });
  } catch {
    // the file is removed when the run has ended
  }
}

/** The innermost frames, last the caller; without these files and Node's own. */
function stack() {
  const lines = String(new Error("where").stack).split("\n").slice(1);
  const own = lines.filter((line) => !line.includes(__dirname) && !/\(?node:/.test(line));
  return own.slice(0, FRAMES).map((line) => line.trim().replace(/^at /, "")).reverse();
}

/** Host and port from the arguments of Socket.connect; null for a pipe. */
function targetOf(args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (first !== null && typeof first === "object") return [first.host, first.port];
  if (typeof first === "number" || /^\d+$/.test(String(first))) return [args[1], first];
  return null;
}

function guardSockets() {
  const real = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function connect(...args) {
    const target = targetOf(args);
    if (!target || !isFalHost(target[0])) return Reflect.apply(real, this, args);
    const error = blockedError(target[0], target[1], "net.connect");
    process.nextTick(() => this.destroy(error));
    return this;
  };
}

/** Guard lookup functions that take a callback as the last argument. */
function guardLookups(owner) {
  for (const name of LOOKUPS) {
    const real = owner[name];
    if (typeof real !== "function") continue;
    owner[name] = function (host, ...rest) {
      if (!isFalHost(host)) return Reflect.apply(real, this, [host, ...rest]);
      const error = blockedError(host, undefined, `dns.${name}`);
      const callback = rest.at(-1);
      if (typeof callback !== "function") throw error;
      process.nextTick(callback, error);
      return {};
    };
    // dns.lookup has a custom util.promisify implementation
    for (const symbol of Object.getOwnPropertySymbols(real)) {
      if (name !== "lookup" || typeof real[symbol] !== "function") continue;
      const promised = real[symbol];
      const guarded = (host, ...rest) =>
        isFalHost(host) ? Promise.reject(blockedError(host, undefined, "dns.lookup")) : promised(host, ...rest);
      Object.defineProperty(owner[name], symbol, { value: guarded });
    }
  }
}

function guardPromises(owner) {
  for (const name of LOOKUPS) {
    const real = owner[name];
    if (typeof real !== "function") continue;
    owner[name] = function (host, ...rest) {
      if (isFalHost(host)) return Promise.reject(blockedError(host, undefined, `dns.promises.${name}`));
      return Reflect.apply(real, this, [host, ...rest]);
    };
  }
}

function install() {
  guardSockets();
  guardLookups(dns);
  guardLookups(dns.Resolver.prototype);
  guardPromises(dns.promises);
  guardPromises(dns.promises.Resolver.prototype);
}

module.exports = { install };
