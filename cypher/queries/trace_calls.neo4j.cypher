// Calls with their tasks, the hashes of what they took and returned, and what flowed inside them: which calls' results fed
// which calls there, and which became their own ("return"); a call itself stands for what its own function put there. And the
// values, with what is known of them and the files inside: many calls take the same ones. (The classes of values are recorded
// like files, and are none.) What flowed is found by the index of flows: of a call that many share, most flows are inside
// others; a call that made no others is not looked up there.
// Times are in microseconds since the epoch: the driver takes long to make its own of them.
// Parameters: $keys (call hashes). A row for each 200 calls with three lists of rows, since a message each would cost more than
// the query, and one for all would have to be waited for: calls; values; flows: parent, list of consumer, name, producer.
UNWIND range(0, size($keys) - 1, 200) AS at
WITH COLLECT {
  UNWIND $keys[at..at + 200] AS key
  MATCH (c:CallNode {call_hash: key})
  OPTIONAL MATCH (c)-[:OF]->(t:Task)
  OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
  WITH key, c, t, v, [(c)-[k:TOOK]->(w:Value) | [k.name, k.position, w]] AS took,
    COLLECT {
      UNWIND CASE WHEN EXISTS { (c)-[:CALLED]->() } THEN [key] ELSE [] END AS parent
      MATCH (a:CallNode)-[f:FED_BY {within: parent}]->(b:CallNode)
      RETURN [a.call_hash, f.name, b.call_hash]
    } AS inside
  WITH collect([key, c.task_name, t.task_hash, c.failed,
      datetime(c.recorded_at).epochSeconds * 1000000 + c.recorded_at.microsecond, v.value_hash, c.named,
      coalesce(c.prov_off, false), [one IN took | [one[0], one[1], one[2].value_hash]]]) AS calls,
    collect([v] + [one IN took | one[2]]) AS held,
    collect(CASE WHEN size(inside) > 0 THEN [key, inside] END) AS flows
  WITH calls, flows, COLLECT {
      UNWIND held AS some
      UNWIND some AS one
      WITH collect(DISTINCT one) AS each
      UNWIND each AS v
      RETURN [v.value_hash, v.type, v.size, v.preview,
        [(v)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] |
          [f.file_hash, f.path, f.evidence, f.digest, f.size]]]
    } AS values
  RETURN [calls, values, flows]
} AS found
RETURN found[0][0] AS calls, found[0][1] AS values, found[0][2] AS flows
