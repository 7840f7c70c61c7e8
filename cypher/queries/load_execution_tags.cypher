// Tags that a run gave to itself; those that it has stay.
// Parameters: $id, $tags ["key=value", ...].
MATCH (e:Execution {id: $id})
SET e.tags = coalesce(e.tags, []) + [tag IN $tags WHERE NOT tag IN coalesce(e.tags, [])]
