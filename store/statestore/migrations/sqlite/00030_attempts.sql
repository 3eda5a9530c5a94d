-- Wrong passwords by whom they count to (an account from one network, a network, an account, a session), and from which
-- networks accounts have logged in. Times are milliseconds since 1970: a second is too coarse to wait for.

-- +goose Up
CREATE TABLE attempts (
    subject VARCHAR(400) NOT NULL PRIMARY KEY,
    failed TEXT NOT NULL,
    closed_until BIGINT NOT NULL,
    last_failed BIGINT NOT NULL
);
CREATE INDEX attempts_last_failed ON attempts (last_failed);

CREATE TABLE log_ins (
    account VARCHAR(255) NOT NULL,
    network VARCHAR(64) NOT NULL,
    succeeded BIGINT NOT NULL,
    PRIMARY KEY (account, network)
);
CREATE INDEX log_ins_succeeded ON log_ins (succeeded);

-- +goose Down
DROP TABLE log_ins;
DROP TABLE attempts;
