// The jobs that were running when their run's process went away.
// Parameters: $id, $finished (microseconds since the epoch).
MATCH (j:Job {execution_id: $id})
WHERE j.status = 'RUNNING'
SET j.status = 'CANCELLED', j.reason = 'the process that ran it went away',
  j.finished = datetime({epochSeconds: $finished / 1000000, nanosecond: ($finished % 1000000) * 1000})
