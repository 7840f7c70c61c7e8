// The tags that workflows gave to values, as key=value, where one begins so; the columns of tags_given.
// Parameters: $beginning.
MATCH (v:Value)
WHERE v.tags IS NOT NULL AND any(tag IN v.tags WHERE tag STARTS WITH $beginning)
RETURN 'value' AS kind, v.value_hash AS key, v.tags AS tags, null AS at, null AS user
