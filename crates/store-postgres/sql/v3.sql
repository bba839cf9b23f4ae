-- From here on the database says the least version of a program that can work with it (src/schema.rs): that of before this step can.
INSERT INTO meta VALUES ('least', 2) ON CONFLICT (name) DO NOTHING;
