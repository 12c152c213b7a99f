// Recognises fal's host names.
"use strict";

const DOMAINS = ["fal.run", "fal.ai", "fal.media", "falrun.com"];

/** Whether a host name, without a port, is one of fal's domains or below one. */
function isFalHost(host) {
  if (typeof host !== "string") return false;
  const name = host.replace(/\.+$/, "").toLowerCase();
  return DOMAINS.some((domain) => name === domain || name.endsWith(`.${domain}`));
}

/** The URL of a string, a URL or an object with href; null if it is invalid. */
function urlOf(value) {
  try {
    return new URL(String(value?.href ?? value));
  } catch {
    return null;
  }
}

module.exports = { isFalHost, urlOf };
