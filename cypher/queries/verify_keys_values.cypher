// The keys of every Value between two hex strings (the second left out).
// Parameters: $from, $to.
MATCH (n:Value)
WHERE n.value_hash >= $from AND n.value_hash < $to
RETURN n.value_hash AS key
