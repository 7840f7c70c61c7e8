// Seals of the journals.
CREATE CONSTRAINT seal_key IF NOT EXISTS FOR (n:Seal) REQUIRE n.id IS UNIQUE;
