// Values. A property that is null is not stored.
// Parameters: $rows of [value_hash, type, codec, size, preview, bytes, location].
UNWIND $rows AS r
MERGE (v:Value {value_hash: r[0]})
ON CREATE SET v.type = r[1], v.codec = r[2], v.size = r[3], v.preview = r[4], v.bytes = r[5], v.location = r[6]
