// Those of some calls that more jobs made, or were answered with, than a number.
// Parameters: $keys (call hashes), $most.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
WHERE COUNT { (c)<-[:MADE]-() } > $most
RETURN key
