// The node of one run, as its journal's first record describes it. Times are microseconds since the epoch.
// Parameters: $id, $started, $facts (a map of the properties that never change).
MERGE (e:Execution {id: $id})
ON CREATE SET e += $facts, e.status = 'RUNNING',
  e.started = datetime({epochSeconds: $started / 1000000, nanosecond: ($started % 1000000) * 1000})
