// One value.
// Parameters: $value.
MATCH (v:Value {value_hash: $value})
RETURN v.value_hash AS value, v.type AS type, v.codec AS codec, v.size AS size, v.preview AS preview,
       v.location AS location
