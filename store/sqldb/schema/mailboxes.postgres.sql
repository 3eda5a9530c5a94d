-- How mailboxes are used and shared. Statements are separated by empty lines.
CREATE TABLE share_folder (
    from_user VARCHAR(255) NOT NULL,
    to_user VARCHAR(255) NOT NULL,
    dummy VARCHAR(1),
    PRIMARY KEY (from_user, to_user)
);

CREATE INDEX share_folder_to_user ON share_folder (to_user);

CREATE TABLE anyone_shares (
    from_user VARCHAR(255) NOT NULL,
    dummy VARCHAR(1) DEFAULT '1',
    PRIMARY KEY (from_user)
);

CREATE TABLE used_quota (
    username VARCHAR(255) NOT NULL,
    bytes INT8 NOT NULL DEFAULT 0,
    messages INT8 NOT NULL DEFAULT 0,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    PRIMARY KEY (username)
);

CREATE INDEX used_quota_domain ON used_quota (domain);

-- Dovecot writes the address alone. Its 2.3 knows no upsert here: what it inserts is to be added to what there is.
CREATE FUNCTION add_used_quota() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.domain = split_part(NEW.username, '@', 2);
    UPDATE used_quota SET bytes = bytes + NEW.bytes, messages = messages + NEW.messages WHERE username = NEW.username;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER used_quota_before_insert BEFORE INSERT ON used_quota FOR EACH ROW EXECUTE FUNCTION add_used_quota();

CREATE TABLE last_login (
    username VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    imap INT8 DEFAULT NULL,
    pop3 INT8 DEFAULT NULL,
    lda INT8 DEFAULT NULL,
    PRIMARY KEY (username, domain)
);

CREATE INDEX last_login_domain ON last_login (domain);
