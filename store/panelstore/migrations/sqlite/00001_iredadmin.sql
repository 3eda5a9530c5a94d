-- The tables of iRedAdmin's own database, as SQLite has them. Only log and settings are used here; the others are
-- those that the panel and its tools expect to find.

-- +goose Up
CREATE TABLE sessions (
    session_id CHAR(128) NOT NULL UNIQUE,
    atime TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    data TEXT
);

CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    admin VARCHAR(255) NOT NULL,
    ip VARCHAR(40) NOT NULL,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    username VARCHAR(255) NOT NULL DEFAULT '',
    event VARCHAR(20) NOT NULL DEFAULT '',
    loglevel VARCHAR(10) NOT NULL DEFAULT 'info',
    msg TEXT
);
CREATE INDEX log_timestamp ON log (timestamp);
CREATE INDEX log_admin ON log (admin);
CREATE INDEX log_ip ON log (ip);
CREATE INDEX log_domain ON log (domain);
CREATE INDEX log_username ON log (username);
CREATE INDEX log_event ON log (event);

CREATE TABLE settings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account VARCHAR(255) NOT NULL DEFAULT 'global',
    k VARCHAR(255) NOT NULL,
    v TEXT,
    UNIQUE (account, k)
);

CREATE TABLE tracking (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    k VARCHAR(255) NOT NULL UNIQUE,
    v TEXT,
    time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- expire is in seconds since the epoch.
CREATE TABLE domain_ownership (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    admin VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    alias_domain VARCHAR(255) NOT NULL DEFAULT '',
    verify_code VARCHAR(100) NOT NULL DEFAULT '',
    verified INTEGER NOT NULL DEFAULT 0,
    message TEXT,
    last_verify TIMESTAMP,
    expire INTEGER DEFAULT 0,
    UNIQUE (admin, domain, alias_domain)
);
CREATE INDEX domain_ownership_verified ON domain_ownership (verified);

CREATE TABLE updatelog (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date DATE NOT NULL
);
CREATE INDEX updatelog_date ON updatelog (date);

CREATE TABLE deleted_mailboxes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    username VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    maildir VARCHAR(255) NOT NULL DEFAULT '',
    bytes BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0,
    admin VARCHAR(255) NOT NULL DEFAULT '',
    delete_date TEXT
);
CREATE INDEX deleted_mailboxes_username ON deleted_mailboxes (username);
CREATE INDEX deleted_mailboxes_domain ON deleted_mailboxes (domain);
CREATE INDEX deleted_mailboxes_delete_date ON deleted_mailboxes (delete_date);

-- expired is in seconds since the epoch.
CREATE TABLE newsletter_subunsub_confirms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mail VARCHAR(255) NOT NULL DEFAULT '',
    mlid VARCHAR(255) NOT NULL DEFAULT '',
    subscriber VARCHAR(255) NOT NULL DEFAULT '',
    kind VARCHAR(20) NOT NULL DEFAULT '',
    token VARCHAR(255) NOT NULL DEFAULT '',
    expired INTEGER DEFAULT 0,
    UNIQUE (mlid, subscriber, kind)
);
CREATE INDEX newsletter_subunsub_confirms_mail ON newsletter_subunsub_confirms (mail);
CREATE INDEX newsletter_subunsub_confirms_token ON newsletter_subunsub_confirms (token);
CREATE INDEX newsletter_subunsub_confirms_expired ON newsletter_subunsub_confirms (expired);

-- +goose Down
DROP TABLE newsletter_subunsub_confirms;
DROP TABLE deleted_mailboxes;
DROP TABLE updatelog;
DROP TABLE domain_ownership;
DROP TABLE tracking;
DROP TABLE settings;
DROP TABLE log;
DROP TABLE sessions;
