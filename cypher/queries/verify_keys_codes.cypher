// The keys of every Code between two hex strings (the second left out).
// Parameters: $from, $to.
MATCH (n:Code)
WHERE n.code_hash >= $from AND n.code_hash < $to
RETURN n.code_hash AS key
