// The runs that began before a moment, newest first, some at a time.
// Parameters: $before (microseconds since the epoch), $skip, $limit.
MATCH (e:Execution)
WHERE e.started < datetime({epochSeconds: $before / 1000000, nanosecond: ($before % 1000000) * 1000})
RETURN e.id AS id, e.started AS at
ORDER BY at DESC, id SKIP $skip LIMIT $limit
