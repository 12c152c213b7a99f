// Refuses whatever would look up or connect to a host of fal's, and reports it to the run.
"use strict";

const dns = require("node:dns");
const fs = require("node:fs");
const net = require("node:net");
const { isFals } = require("./hosts.cjs");

const FRAMES = 8;
const LOOKUPS = ["lookup", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCname"];

/** Report an attempt; gives the error that the program gets for it. */
function refusal(host, port, how) {
  const target = port ? `${host}:${port}` : host;
  report(target, how);
  const error = new Error(
    `fakefal refused a direct connection to ${target}: fal is reached through fetch, WebSocket, ` +
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

/** Append a line to the file of escapes; a full disk does not let the attempt through. */
function report(target, how) {
  const path = process.env.FAKEFAL_ESCAPES;
  if (!path) return;
  const told = {
    target,
    by: "Node",
    how,
    pid: process.pid,
    command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    stack: stack(),
  };
  try {
    fs.appendFileSync(path, `${JSON.stringify(told)}\n`, { flag: fs.constants.O_WRONLY | fs.constants.O_APPEND });
  } catch {
    // the file is gone when the run is over
  }
}

/** Who called, the innermost last; neither these files nor Node's own. */
function stack() {
  const lines = String(new Error("where").stack).split("\n").slice(1);
  const own = lines.filter((line) => !line.includes(__dirname) && !/\(?node:/.test(line));
  return own.slice(0, FRAMES).map((line) => line.trim().replace(/^at /, "")).reverse();
}

/** Host and port of the arguments of Socket.connect; null for a pipe. */
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
    if (!target || !isFals(target[0])) return Reflect.apply(real, this, args);
    const error = refusal(target[0], target[1], "net.connect");
    process.nextTick(() => this.destroy(error));
    return this;
  };
}

/** Lookups with a callback at the end. */
function guardLookups(owner) {
  for (const name of LOOKUPS) {
    const real = owner[name];
    if (typeof real !== "function") continue;
    owner[name] = function (host, ...rest) {
      if (!isFals(host)) return Reflect.apply(real, this, [host, ...rest]);
      const error = refusal(host, undefined, `dns.${name}`);
      const callback = rest.at(-1);
      if (typeof callback !== "function") throw error;
      process.nextTick(callback, error);
      return {};
    };
    // util.promisify of dns.lookup has an answer of its own shape
    for (const symbol of Object.getOwnPropertySymbols(real)) {
      if (name !== "lookup" || typeof real[symbol] !== "function") continue;
      const promised = real[symbol];
      const guarded = (host, ...rest) =>
        isFals(host) ? Promise.reject(refusal(host, undefined, "dns.lookup")) : promised(host, ...rest);
      Object.defineProperty(owner[name], symbol, { value: guarded });
    }
  }
}

function guardPromises(owner) {
  for (const name of LOOKUPS) {
    const real = owner[name];
    if (typeof real !== "function") continue;
    owner[name] = function (host, ...rest) {
      if (isFals(host)) return Promise.reject(refusal(host, undefined, `dns.promises.${name}`));
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
