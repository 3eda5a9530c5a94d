-- Who is still to be asked to confirm the subscription of a mailing list. place is the position in the request, by which
-- requests take turns; claim tells who took a row last.

-- +goose Up
CREATE TABLE invitations (
    list VARCHAR(255) NOT NULL,
    address VARCHAR(255) NOT NULL,
    subscription VARCHAR(16) NOT NULL,
    place INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due TIMESTAMP NOT NULL,
    created TIMESTAMP NOT NULL,
    claim VARCHAR(64) NOT NULL DEFAULT '',
    PRIMARY KEY (list, address)
);
CREATE INDEX invitations_due ON invitations (place, due);

-- +goose Down
DROP TABLE invitations;
