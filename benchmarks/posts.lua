-- wrk: the same POST again and again. Arguments: the body.

function init(args)
  wrk.method, wrk.body = "POST", args[1]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    "RESULT %d %d %d\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
