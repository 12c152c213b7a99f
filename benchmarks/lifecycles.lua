-- wrk: submit, status and result, each request as soon as the response before it is read.
-- Arguments: the path, the body of the submit, and after how many lifecycles to print LIMIT (0:
-- never). wrk cannot end before its time; who reads LIMIT interrupts it.

function setup(thread) loader = thread end

function init(args)
  path, body, limit = args[1], args[2], tonumber(args[3])
  next_requests, first, last = {}, 1, 0
  done_lifecycles, wrong = 0, 0
end

local function push(request)
  last = last + 1
  next_requests[last] = request
end

function request()
  if first > last then
    return wrk.format("POST", path, nil, body)
  end
  local waiting = next_requests[first]
  next_requests[first] = nil
  first = first + 1
  return wrk.format("GET", waiting, nil, nil)
end

function response(status, headers, text)
  local id = text:match('"request_id": ?"([^"]+)"')
  if status ~= 200 then
    wrong = wrong + 1
  elseif not id then
    done_lifecycles = done_lifecycles + 1
    if done_lifecycles == limit then
      io.write("LIMIT\n")
      io.flush()
    end
  elseif text:find('"COMPLETED"', 1, true) then
    push(path .. "/requests/" .. id)
  else
    push(path .. "/requests/" .. id .. "/status")
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    "RESULT %d %d %d\n", loader:get("done_lifecycles"), summary.duration,
    errors.connect + errors.read + errors.write + errors.timeout + loader:get("wrong")))
end
