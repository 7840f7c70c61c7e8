// Seals. A property that is null is not stored.
// Parameters: $rows of [id, number, previous or null, made at (microseconds), size, root, key, signature, [journal, ...]].
UNWIND $rows AS r
MERGE (s:Seal {id: r[0]})
ON CREATE SET s.number = r[1], s.previous = r[2], s.size = r[4], s.root = r[5], s.key = r[6], s.signature = r[7],
  s.journals = r[8], s.at = datetime({epochSeconds: r[3] / 1000000, nanosecond: (r[3] % 1000000) * 1000})
