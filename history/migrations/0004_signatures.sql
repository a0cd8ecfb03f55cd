-- The signature beside a result, compressed by zstd; NULL for none.
ALTER TABLE history_scans ADD COLUMN envelope {{bytes}};
