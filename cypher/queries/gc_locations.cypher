// Where the bytes of values lie that are too large for the graph, of the values between two hex strings (the second
// left out).
// Parameters: $from, $to.
MATCH (v:Value)
WHERE v.value_hash >= $from AND v.value_hash < $to AND v.location IS NOT NULL
RETURN v.location AS location
