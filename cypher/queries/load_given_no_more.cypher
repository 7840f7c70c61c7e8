// Jobs that have made their calls, which tell what these were given.
// Parameters: $keys (job ids).
UNWIND $keys AS key
MATCH (j:Job {id: key})
WITH j
MATCH (j)-[given:GIVEN]->()
DELETE given
