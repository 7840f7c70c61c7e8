// The code that counts in tasks' hashes.
CREATE CONSTRAINT code_key IF NOT EXISTS FOR (n:Code) REQUIRE n.code_hash IS UNIQUE;
CREATE INDEX code_name IF NOT EXISTS FOR (n:Code) ON (n.name);
