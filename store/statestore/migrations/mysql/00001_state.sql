-- What is Postern's own: who is logged in, and the changes whose followers must not be lost. Ids compare as they are
-- written. The text of a change can be longer than a TEXT is.

-- +goose Up
CREATE TABLE sessions (
    id_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    username VARCHAR(255) NOT NULL,
    domain VARCHAR(255) NOT NULL,
    stamp VARCHAR(255) NOT NULL,
    ip VARCHAR(64) NOT NULL,
    created DATETIME NOT NULL,
    last_used DATETIME NOT NULL,
    KEY (username),
    KEY (domain),
    KEY (created),
    KEY (last_used)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE intents (
    id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    actor_json MEDIUMTEXT NOT NULL,
    change_json MEDIUMTEXT NOT NULL,
    created DATETIME NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- +goose Down
DROP TABLE intents;
DROP TABLE sessions;
