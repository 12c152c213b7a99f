// Redirects fetch and WebSocket, Node's own and those of the undici package: both use dispatchers.
// Only the origin of a request is replaced, below fetch, so URLs, redirects, streams and signals
// behave as usual; the Host header has fal's host name.
"use strict";

const Module = require("node:module");
const { isFalHost, urlOf } = require("./hosts.cjs");
const { withKey, withTest } = require("./tenant.cjs");

const GLOBAL = Symbol.for("undici.globalDispatcher.1");
const patched = new WeakSet();
let mocking = 0;

function hasHost(names) {
  return names.some((name) => String(name).toLowerCase() === "host");
}

/** Headers with a Host, in any form that undici accepts. */
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

/** The same request to the fake; other requests than fal's are returned unchanged. */
function redirected(options, base) {
  const origin = options?.origin === undefined ? null : urlOf(options.origin);
  if (!origin || origin.origin === base.origin) return options;
  if (!isFalHost(origin.hostname)) {
    const headers = withTest(options.headers, origin.hostname);
    return headers === options.headers ? options : { ...options, headers };
  }
  return { ...options, origin: base.origin, headers: withHost(withKey(options.headers), origin.host) };
}

/** Patch a dispatcher's class to redirect requests to fal. */
function patchDispatcher(dispatcher, base) {
  let owner = dispatcher;
  while (owner && !Object.hasOwn(owner, "dispatch")) owner = Object.getPrototypeOf(owner);
  if (!owner || patched.has(owner)) return;
  patched.add(owner);
  const real = owner.dispatch;
  owner.dispatch = function dispatch(options, handler) {
    return Reflect.apply(real, this, [mocking ? options : redirected(options, base), handler]);
  };
}

/** Patch the undici package: its mocks still answer first, its proxies are bypassed for the fake. */
function patchPackage(undici, base) {
  if (typeof undici?.Agent !== "function" || patched.has(undici)) return;
  patched.add(undici);
  patchDispatcher(undici.Agent.prototype, base);
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
      real("data:,").catch(() => {}); // Node loads its undici on the first call of fetch
    }
    if (globalThis[GLOBAL]) patchDispatcher(globalThis[GLOBAL], base);
  };
  if (typeof real === "function") {
    globalThis.fetch = new Proxy(real, {
      apply(target, self, args) {
        prepare();
        if (args[1]?.dispatcher) patchDispatcher(args[1].dispatcher, base);
        return Reflect.apply(target, self, args);
      },
    });
  }
  for (const name of ["WebSocket", "EventSource"]) wrapSocket(name, prepare, base);

  const load = Module._load;
  Module._load = function _load(request, ...rest) {
    const loaded = Reflect.apply(load, this, [request, ...rest]);
    if (request === "undici" || /[\\/]undici[\\/]index\.js$/.test(request)) patchPackage(loaded, base);
    return loaded;
  };
}

/** Wrap a global class lazily: Node loads it on first use, which takes time. */
function wrapSocket(name, prepare, base) {
  const own = Object.getOwnPropertyDescriptor(globalThis, name);
  if (!own?.configurable) return;
  const define = (value) =>
    Object.defineProperty(globalThis, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: own.enumerable,
    });
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: own.enumerable,
    set: define,
    get() {
      const real = own.get ? own.get.call(globalThis) : own.value;
      if (typeof real !== "function") return real;
      const wrapped = new Proxy(real, {
        construct(target, args, made) {
          prepare();
          if (args[1]?.dispatcher) patchDispatcher(args[1].dispatcher, base);
          return Reflect.construct(target, args, made);
        },
      });
      define(wrapped);
      return wrapped;
    },
  });
}

module.exports = { install };
