// Tags that workflows gave to values; what a value has already stays.
// Parameters: $rows of [value_hash, ["key=value", ...]].
UNWIND $rows AS r
MATCH (v:Value {value_hash: r[0]})
SET v.tags = coalesce(v.tags, []) + [tag IN r[1] WHERE NOT tag IN coalesce(v.tags, [])]
