-- What is Postern's own: who is logged in, and the changes whose followers must not be lost.

-- +goose Up
CREATE TABLE sessions (
    id_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    username VARCHAR(255) NOT NULL,
    domain VARCHAR(255) NOT NULL,
    stamp VARCHAR(255) NOT NULL,
    ip VARCHAR(64) NOT NULL,
    created TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    last_used TIMESTAMP WITHOUT TIME ZONE NOT NULL
);
CREATE INDEX sessions_username ON sessions (username);
CREATE INDEX sessions_domain ON sessions (domain);
CREATE INDEX sessions_created ON sessions (created);
CREATE INDEX sessions_last_used ON sessions (last_used);

CREATE TABLE intents (
    id VARCHAR(64) NOT NULL PRIMARY KEY,
    actor_json TEXT NOT NULL,
    change_json TEXT NOT NULL,
    created TIMESTAMP WITHOUT TIME ZONE NOT NULL
);

-- +goose Down
DROP TABLE intents;
DROP TABLE sessions;
