// How a run ended.
// Parameters: $id, $status, $error, $finished (microseconds since the epoch).
MATCH (e:Execution {id: $id})
SET e.status = $status, e.error = $error,
  e.finished = datetime({epochSeconds: $finished / 1000000, nanosecond: ($finished % 1000000) * 1000})
