// The tags that workflows gave to values, as key=value, where one begins so; the columns of tags_given.
// Parameters: $beginning.
// $as_of: leave out what was given later; null for nothing.
MATCH (v:Value)
WHERE v.tags IS NOT NULL AND any(tag IN v.tags WHERE tag STARTS WITH $beginning)
RETURN 'value' AS kind, v.value_hash AS key,
       [i IN range(0, size(v.tags) - 1) WHERE $as_of IS NULL OR v.tags_at[i] IS NULL OR v.tags_at[i] <= $as_of | v.tags[i]] AS tags, null AS at, null AS user
