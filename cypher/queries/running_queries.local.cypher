// The queries that the server works on now. Rows: id, text.
SHOW TRANSACTIONS YIELD transactionId, currentQuery
