// What somebody changed beside the runs. The time is in microseconds since the epoch.
// Parameters: $id, $at, $facts (a map of the other properties).
MERGE (c:Change {id: $id})
ON CREATE SET c += $facts, c.at = datetime({epochSeconds: $at / 1000000, nanosecond: ($at % 1000000) * 1000})
