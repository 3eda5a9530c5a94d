-- Which mailboxes were deleted, and when their files may go.
CREATE TABLE deleted_mailboxes (
    id SERIAL,
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    username VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    maildir VARCHAR(255) NOT NULL DEFAULT '',
    bytes INT8 NOT NULL DEFAULT 0,
    messages INT8 NOT NULL DEFAULT 0,
    admin VARCHAR(255) NOT NULL DEFAULT '',
    delete_date DATE DEFAULT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX deleted_mailboxes_timestamp ON deleted_mailboxes (timestamp);

CREATE INDEX deleted_mailboxes_username ON deleted_mailboxes (username);

CREATE INDEX deleted_mailboxes_domain ON deleted_mailboxes (domain);

CREATE INDEX deleted_mailboxes_admin ON deleted_mailboxes (admin);

CREATE INDEX deleted_mailboxes_delete_date ON deleted_mailboxes (delete_date);
