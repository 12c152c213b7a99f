// Which host names are fal's.
"use strict";

const DOMAINS = ["fal.run", "fal.ai", "fal.media", "falrun.com"];

/** Whether a host name, without a port, is fal's. */
function isFals(host) {
  if (typeof host !== "string") return false;
  const name = host.replace(/\.+$/, "").toLowerCase();
  return DOMAINS.some((domain) => name === domain || name.endsWith(`.${domain}`));
}

/** The URL of a string, URL or whatever has an href; null for what is none. */
function urlOf(value) {
  try {
    return new URL(String(value?.href ?? value));
  } catch {
    return null;
  }
}

module.exports = { isFals, urlOf };
