-- Who is still to be asked to confirm the subscription of a mailing list. place is the position in the request, by which
-- requests take turns; claim tells who took a row last.

-- +goose Up
CREATE TABLE invitations (
    list VARCHAR(255) NOT NULL,
    address VARCHAR(255) NOT NULL,
    subscription VARCHAR(16) NOT NULL,
    place INT NOT NULL,
    tries INT NOT NULL DEFAULT 0,
    due DATETIME NOT NULL,
    created DATETIME NOT NULL,
    claim VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    PRIMARY KEY (list, address),
    KEY (place, due)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE invitations;
