-- What iRedMail keeps in iRedAdmin's database, and not in that of the accounts, where these are in a directory.

-- +goose Up
CREATE TABLE share_folder (
    from_user VARCHAR(255) NOT NULL,
    to_user VARCHAR(255) NOT NULL,
    dummy CHAR(1),
    PRIMARY KEY (from_user, to_user)
);
CREATE INDEX share_folder_to_user ON share_folder (to_user);

CREATE TABLE anyone_shares (
    from_user VARCHAR(255) NOT NULL PRIMARY KEY,
    dummy CHAR(1) DEFAULT '1'
);

CREATE TABLE used_quota (
    username VARCHAR(255) NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0,
    domain VARCHAR(255) NOT NULL DEFAULT ''
);
CREATE INDEX used_quota_domain ON used_quota (domain);

-- Dovecot writes the address alone.
-- +goose StatementBegin
CREATE TRIGGER used_quota_domain AFTER INSERT ON used_quota BEGIN
    UPDATE used_quota SET domain = substr(NEW.username, instr(NEW.username, '@') + 1) WHERE username = NEW.username;
END;
-- +goose StatementEnd

CREATE TABLE last_login (
    username VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    imap BIGINT DEFAULT NULL,
    pop3 BIGINT DEFAULT NULL,
    lda BIGINT DEFAULT NULL
);
CREATE INDEX last_login_domain ON last_login (domain);

-- +goose Down
DROP TABLE anyone_shares;
DROP TABLE share_folder;
DROP TABLE last_login;
DROP TABLE used_quota;
