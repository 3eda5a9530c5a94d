-- Which followers of a change that has happened are left, as a list of their names. NULL while nobody has noted that.

-- +goose Up
ALTER TABLE intents ADD COLUMN left_json TEXT;

-- +goose Down
ALTER TABLE intents DROP COLUMN left_json;
