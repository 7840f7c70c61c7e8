// States of handles: what never changes of each, and which execution made it last and ran from it last.
// Parameters: $execution_id, $rows of [state, kind, key, name, type, origin, parents, made, ran].
UNWIND $rows AS r
MERGE (h:Handle {state: r[0]})
ON CREATE SET h.kind = r[1], h.key = r[2], h.name = r[3], h.type = r[4], h.origin = r[5]
SET h.made_in = CASE WHEN r[7] AND coalesce(h.made_in, '') < $execution_id THEN $execution_id ELSE h.made_in END,
    h.ran_in = CASE WHEN r[8] AND coalesce(h.ran_in, '') < $execution_id THEN $execution_id ELSE h.ran_in END
