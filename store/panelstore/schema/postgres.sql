-- The tables of iRedAdmin's own database, as PostgreSQL has them. Statements are separated by empty lines. Only log and
-- settings are used here; the others are those that the panel and its tools expect to find.
CREATE TABLE sessions (
    session_id CHAR(128) NOT NULL UNIQUE,
    atime TIMESTAMP WITHOUT TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    data TEXT
);

CREATE TABLE log (
    id SERIAL PRIMARY KEY,
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
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
    id SERIAL PRIMARY KEY,
    account VARCHAR(255) NOT NULL DEFAULT 'global',
    k VARCHAR(255) NOT NULL,
    v TEXT,
    UNIQUE (account, k)
);

CREATE TABLE tracking (
    id SERIAL PRIMARY KEY,
    k VARCHAR(255) NOT NULL UNIQUE,
    v TEXT,
    time TIMESTAMP WITHOUT TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- expire is in seconds since the epoch.
CREATE TABLE domain_ownership (
    id SERIAL PRIMARY KEY,
    admin VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    alias_domain VARCHAR(255) NOT NULL DEFAULT '',
    verify_code VARCHAR(100) NOT NULL DEFAULT '',
    verified INT2 NOT NULL DEFAULT 0,
    message TEXT,
    last_verify TIMESTAMP WITHOUT TIME ZONE,
    expire INT DEFAULT 0,
    UNIQUE (admin, domain, alias_domain)
);

CREATE INDEX domain_ownership_verified ON domain_ownership (verified);

CREATE TABLE updatelog (
    date DATE NOT NULL PRIMARY KEY
);

-- expired is in seconds since the epoch.
CREATE TABLE newsletter_subunsub_confirms (
    id SERIAL PRIMARY KEY,
    mail VARCHAR(255) NOT NULL DEFAULT '',
    mlid VARCHAR(255) NOT NULL DEFAULT '',
    subscriber VARCHAR(255) NOT NULL DEFAULT '',
    kind VARCHAR(20) NOT NULL DEFAULT '',
    token VARCHAR(255) NOT NULL DEFAULT '',
    expired INT DEFAULT 0,
    UNIQUE (mlid, subscriber, kind)
);

CREATE INDEX newsletter_subunsub_confirms_mail ON newsletter_subunsub_confirms (mail);

CREATE INDEX newsletter_subunsub_confirms_token ON newsletter_subunsub_confirms (token);

CREATE INDEX newsletter_subunsub_confirms_expired ON newsletter_subunsub_confirms (expired);
