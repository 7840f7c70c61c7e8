// The end of a run whose process went away without writing one.
// Parameters: $id, $error, $finished (microseconds since the epoch: when its journal was last written, or its last job
// began).
MATCH (e:Execution {id: $id})
WHERE e.status = 'RUNNING'
SET e.status = 'FAILED', e.error = $error,
  e.finished = datetime({epochSeconds: $finished / 1000000, nanosecond: ($finished % 1000000) * 1000})
