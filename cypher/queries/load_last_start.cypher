// When the last of the jobs began that were running when their run's process went away.
// Parameters: $id. One row: microseconds since the epoch, null where none was.
MATCH (j:Job {execution_id: $id})
WHERE j.status = 'RUNNING'
WITH max(j.started) AS at
RETURN datetime(at).epochSeconds * 1000000 + at.microsecond AS at
