// The tags of every value that workflows gave any.
// Parameters: none. Rows: value_hash, tags, when each was given.
MATCH (v:Value)
WHERE v.tags IS NOT NULL
RETURN v.value_hash AS value_hash, v.tags AS tags, v.tags_at AS times
