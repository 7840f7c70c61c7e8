// Tags that a run gave to itself, with when; those that it has stay. (0: when it began, as far as anybody knows.)
// Parameters: $id, $tags [["key=value", microseconds since the epoch], ...].
MATCH (e:Execution {id: $id})
WITH e, coalesce(e.tags, []) AS tags, [tag IN $tags WHERE NOT tag[0] IN coalesce(e.tags, [])] AS new
SET e.tags = tags + [tag IN new | tag[0]],
  e.tags_at = coalesce(e.tags_at, [tag IN tags | e.started]) + [tag IN new | CASE WHEN tag[1] = 0 THEN e.started
    ELSE datetime({epochSeconds: tag[1] / 1000000, nanosecond: (tag[1] % 1000000) * 1000}) END]
