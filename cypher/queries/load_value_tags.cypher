// Tags that workflows gave to values, with when each was given first; what a value has already stays.
// Parameters: $rows of [value_hash, [["key=value", microseconds since the epoch], ...]].
UNWIND $rows AS r
MATCH (v:Value {value_hash: r[0]})
WITH v, coalesce(v.tags, []) AS tags,
     coalesce(v.tags_at, [tag IN coalesce(v.tags, []) | datetime({epochSeconds: 0})]) AS times,
     [tag IN r[1] | [tag[0], datetime({epochSeconds: tag[1] / 1000000, nanosecond: (tag[1] % 1000000) * 1000})]] AS given
WITH v, tags, [tag IN given WHERE NOT tag[0] IN tags] AS new,
     [i IN range(0, size(tags) - 1) |
       reduce(at = times[i], tag IN given | CASE WHEN tag[0] = tags[i] AND tag[1] < at THEN tag[1] ELSE at END)] AS times
SET v.tags = tags + [tag IN new | tag[0]], v.tags_at = times + [tag IN new | tag[1]]
