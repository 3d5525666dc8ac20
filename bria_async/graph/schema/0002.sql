PRAGMA user_version = 2;

-- Every row carries a sum (CRC-32) of itself, and every event one of all events before it too (seal.py).
ALTER TABLE meta  ADD COLUMN sum INTEGER;
ALTER TABLE run   ADD COLUMN tasks INTEGER;  -- how many it has
ALTER TABLE run   ADD COLUMN items INTEGER;  -- the sum of them all; none of them ever changes
ALTER TABLE run   ADD COLUMN sum INTEGER;    -- of what never changes; its state follows from its events
ALTER TABLE task  ADD COLUMN sum INTEGER;
ALTER TABLE event ADD COLUMN sum INTEGER;

DROP INDEX task_open;  -- nobody asks for what it knows
