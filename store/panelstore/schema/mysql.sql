-- The tables of iRedAdmin's own database, as MariaDB and MySQL have them. Statements are separated by empty lines. Only
-- log and settings are used here; the others are those that the panel and its tools expect to find.
CREATE TABLE sessions (
    session_id CHAR(128) NOT NULL,
    atime TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    data TEXT,
    UNIQUE KEY (session_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE log (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    timestamp TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    admin VARCHAR(255) NOT NULL,
    ip VARCHAR(40) NOT NULL,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    username VARCHAR(255) NOT NULL DEFAULT '',
    event VARCHAR(20) NOT NULL DEFAULT '',
    loglevel VARCHAR(10) NOT NULL DEFAULT 'info',
    msg TEXT,
    PRIMARY KEY (id),
    KEY (timestamp),
    KEY (admin),
    KEY (ip),
    KEY (domain),
    KEY (username),
    KEY (event)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE settings (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    account VARCHAR(255) NOT NULL DEFAULT 'global',
    k VARCHAR(255) NOT NULL,
    v TEXT,
    PRIMARY KEY (id),
    UNIQUE KEY (account, k)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE tracking (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    k VARCHAR(255) NOT NULL,
    v TEXT,
    time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (id),
    UNIQUE KEY (k)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- A domain name fits into ascii, and three of them in utf8mb4 would not fit into a key. expire is in seconds since the
-- epoch.
CREATE TABLE domain_ownership (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    admin VARCHAR(255) CHARACTER SET ascii NOT NULL DEFAULT '',
    domain VARCHAR(255) CHARACTER SET ascii NOT NULL DEFAULT '',
    alias_domain VARCHAR(255) CHARACTER SET ascii NOT NULL DEFAULT '',
    verify_code VARCHAR(100) NOT NULL DEFAULT '',
    verified TINYINT(1) NOT NULL DEFAULT 0,
    message TEXT,
    last_verify TIMESTAMP NULL DEFAULT NULL,
    expire INT DEFAULT 0,
    PRIMARY KEY (id),
    UNIQUE KEY (admin, domain, alias_domain),
    KEY (verified)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE updatelog (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    date DATE NOT NULL,
    PRIMARY KEY (id),
    KEY (date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- expired is in seconds since the epoch.
CREATE TABLE newsletter_subunsub_confirms (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    mail VARCHAR(255) NOT NULL DEFAULT '',
    mlid VARCHAR(255) NOT NULL DEFAULT '',
    subscriber VARCHAR(255) NOT NULL DEFAULT '',
    kind VARCHAR(20) NOT NULL DEFAULT '',
    token VARCHAR(255) NOT NULL DEFAULT '',
    expired INT UNSIGNED DEFAULT 0,
    PRIMARY KEY (id),
    UNIQUE KEY (mlid, subscriber, kind),
    KEY (mail),
    KEY (token),
    KEY (expired)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
