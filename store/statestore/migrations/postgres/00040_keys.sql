-- Keys that all processes share, in hex: what one seals another one can open.

-- +goose Up
CREATE TABLE shared_keys (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value VARCHAR(64) NOT NULL
);

-- +goose Down
DROP TABLE shared_keys;
