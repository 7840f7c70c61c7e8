// What fed what inside calls: among the calls they made, and into their own results.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (p:CallNode {call_hash: key})
CALL {
  WITH p
  MATCH (p)-[f:FED_BY]->(d:CallNode) WHERE f.within = p.call_hash
  RETURN p.call_hash AS consumer, f.name AS name, d.call_hash AS producer
  UNION ALL
  WITH p
  MATCH (p)-[:CALLED]->(c:CallNode) WITH DISTINCT p, c
  MATCH (c)-[f:FED_BY]->(d:CallNode) WHERE f.within = p.call_hash AND c <> p
  RETURN c.call_hash AS consumer, f.name AS name, d.call_hash AS producer
}
RETURN key, consumer, name, producer
