// When the jobs that ran calls first came to their end.
// Parameters: $keys (call hashes). One row with a list of rows: call, time in microseconds, as in trace_calls.
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})<-[:MADE]-(j:Job)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
WITH key, min(coalesce(j.finished, j.started)) AS at
RETURN collect([key, datetime(at).epochSeconds * 1000000 + at.microsecond]) AS rows
