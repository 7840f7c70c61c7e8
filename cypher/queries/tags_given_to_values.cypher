// The tags that workflows gave to values, as key=value, where one begins so; the columns of tags_given.
// Parameters: $beginning.
// $as_of: leave out what was given later; null for nothing.
MATCH (v:Value)
WHERE v.tags IS NOT NULL AND any(tag IN v.tags WHERE tag STARTS WITH $beginning)
UNWIND range(0, size(v.tags) - 1) AS i
WITH v, i WHERE $as_of IS NULL OR v.tags_at[i] IS NULL OR v.tags_at[i] <= $as_of
RETURN 'value' AS kind, v.value_hash AS key, [v.tags[i]] AS tags,
       CASE WHEN v.tags_at[i] > datetime({epochSeconds: 0}) THEN v.tags_at[i] END AS at, null AS user
