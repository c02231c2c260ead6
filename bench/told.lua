-- Tells what wrk measured as one line of JSON. An argument is the mean number of milliseconds for
-- which each connection waits between two requests: without it each asks as fast as it is answered.

function init(args)
  local think = tonumber(args[1])
  if think then
    math.randomseed(os.time())
    function delay() return math.random(0, 2 * think) end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "bytes": %d, "microseconds": %d, "p50": %d, "p95": %d, "p99": %d, ' ..
    '"longest": %d, "refused": %d, "failed": %d}',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50),
    latency:percentile(95), latency:percentile(99), latency.max, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
