// fetch and WebSocket, Node's own and those of the undici package: both send through dispatchers.
// Only where a request goes to is changed, below fetch, so URLs, redirects, streams and signals are
// what they would be; fal's name goes in the Host header.
"use strict";

const Module = require("node:module");
const { isFals, urlOf } = require("./hosts.cjs");

const GLOBAL = Symbol.for("undici.globalDispatcher.1");
const tamed = new WeakSet();
let mocking = 0;

function hasHost(names) {
  return names.some((name) => String(name).toLowerCase() === "host");
}

/** Headers with a Host, in any form that undici takes. */
function withHost(headers, host) {
  if (headers === undefined || headers === null) return { host };
  if (Array.isArray(headers)) {
    if (headers.length && Array.isArray(headers[0])) {
      return hasHost(headers.map(([name]) => name)) ? headers : [...headers, ["host", host]];
    }
    return hasHost(headers.filter((_, at) => at % 2 === 0)) ? headers : [...headers, "host", host];
  }
  if (typeof headers[Symbol.iterator] === "function") return withHost([...headers], host);
  return hasHost(Object.keys(headers)) ? headers : { ...headers, host };
}

/** The same request to the fake; the request itself if it is none for fal. */
function redirected(options, base) {
  const origin = options?.origin === undefined ? null : urlOf(options.origin);
  if (!origin || !isFals(origin.hostname)) return options;
  return { ...options, origin: base.origin, headers: withHost(options.headers, origin.host) };
}

/** Make all dispatchers of the class of one send to the fake what is for fal. */
function tame(dispatcher, base) {
  let owner = dispatcher;
  while (owner && !Object.hasOwn(owner, "dispatch")) owner = Object.getPrototypeOf(owner);
  if (!owner || tamed.has(owner)) return;
  tamed.add(owner);
  const real = owner.dispatch;
  owner.dispatch = function dispatch(options, handler) {
    return Reflect.apply(real, this, [mocking ? options : redirected(options, base), handler]);
  };
}

/** The undici package: its mocks answer first, and its proxies are not asked the way to the fake. */
function tamePackage(undici, base) {
  if (typeof undici?.Agent !== "function" || tamed.has(undici)) return;
  tamed.add(undici);
  tame(undici.Agent.prototype, base);
  if (undici.MockAgent) {
    const { prototype } = undici.MockAgent;
    const real = prototype.dispatch;
    prototype.dispatch = function dispatch(...args) {
      mocking += 1;
      try {
        return Reflect.apply(real, this, args);
      } finally {
        mocking -= 1;
      }
    };
  }
  if (undici.ProxyAgent && Object.hasOwn(undici.ProxyAgent.prototype, "dispatch")) {
    const { prototype } = undici.ProxyAgent;
    const real = prototype.dispatch;
    let direct;
    prototype.dispatch = function dispatch(options, handler) {
      const changed = redirected(options, base);
      if (changed === options) return Reflect.apply(real, this, [options, handler]);
      direct ??= new undici.Agent();
      return direct.dispatch(changed, handler);
    };
  }
}

function install(base) {
  const real = globalThis.fetch;

  const prepare = () => {
    if (globalThis[GLOBAL] === undefined && typeof real === "function") {
      real("data:,").catch(() => {}); // Node loads its undici when fetch is first called
    }
    if (globalThis[GLOBAL]) tame(globalThis[GLOBAL], base);
  };
  if (typeof real === "function") {
    globalThis.fetch = new Proxy(real, {
      apply(target, self, args) {
        prepare();
        if (args[1]?.dispatcher) tame(args[1].dispatcher, base);
        return Reflect.apply(target, self, args);
      },
    });
  }
  for (const name of ["WebSocket", "EventSource"]) wrapSocket(name, prepare, base);

  const load = Module._load;
  Module._load = function _load(request, ...rest) {
    const loaded = Reflect.apply(load, this, [request, ...rest]);
    if (request === "undici" || /[\\/]undici[\\/]index\.js$/.test(request)) tamePackage(loaded, base);
    return loaded;
  };
}

/** A global class that is made when it is first asked for stays so: loading it takes time. */
function wrapSocket(name, prepare, base) {
  const own = Object.getOwnPropertyDescriptor(globalThis, name);
  if (!own?.configurable) return;
  const settle = (value) =>
    Object.defineProperty(globalThis, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: own.enumerable,
    });
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: own.enumerable,
    set: settle,
    get() {
      const real = own.get ? own.get.call(globalThis) : own.value;
      if (typeof real !== "function") return real;
      const wrapped = new Proxy(real, {
        construct(target, args, made) {
          prepare();
          if (args[1]?.dispatcher) tame(args[1].dispatcher, base);
          return Reflect.construct(target, args, made);
        },
      });
      settle(wrapped);
      return wrapped;
    },
  });
}

module.exports = { install };
