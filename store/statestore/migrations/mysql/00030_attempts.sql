-- Wrong passwords by whom they count to (an account from one network, a network, an account, a session), and from which
-- networks accounts have logged in. Times are milliseconds since 1970: a second is too coarse to wait for.

-- +goose Up
CREATE TABLE attempts (
    subject VARCHAR(400) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    failed TEXT NOT NULL,
    closed_until BIGINT NOT NULL,
    last_failed BIGINT NOT NULL,
    KEY (last_failed)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE log_ins (
    account VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    network VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    succeeded BIGINT NOT NULL,
    PRIMARY KEY (account, network),
    KEY (succeeded)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- +goose Down
DROP TABLE log_ins;
DROP TABLE attempts;
