-- The tables of iRedAPD's database, as MariaDB and MySQL have them. Statements are separated by empty lines.
-- How much an account may send or get. period is in seconds, msg_size and max_quota in bytes; -1 leaves a limit to
-- the next broader row, 0 sets none.
CREATE TABLE throttle (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account VARCHAR(255) NOT NULL,
    kind VARCHAR(10) NOT NULL DEFAULT 'outbound',
    priority TINYINT UNSIGNED NOT NULL DEFAULT 0,
    period INT UNSIGNED NOT NULL DEFAULT 0,
    msg_size BIGINT NOT NULL DEFAULT -1,
    max_msgs BIGINT NOT NULL DEFAULT -1,
    max_quota BIGINT NOT NULL DEFAULT -1,
    max_rcpts BIGINT NOT NULL DEFAULT -1,
    UNIQUE KEY account_kind (account, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- iRedAPD's counters. Times are in seconds since the epoch.
CREATE TABLE throttle_tracking (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    tid BIGINT UNSIGNED NOT NULL DEFAULT 0,
    account VARCHAR(255) NOT NULL DEFAULT '',
    period INT UNSIGNED NOT NULL DEFAULT 0,
    cur_msgs MEDIUMINT UNSIGNED NOT NULL DEFAULT 0,
    cur_quota INT UNSIGNED NOT NULL DEFAULT 0,
    init_time INT UNSIGNED NOT NULL DEFAULT 0,
    last_time INT UNSIGNED NOT NULL DEFAULT 0,
    last_notify_time INT UNSIGNED NOT NULL DEFAULT 0,
    FOREIGN KEY (tid) REFERENCES throttle (id),
    UNIQUE KEY tid_account (tid, account)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- For whom unknown senders are deferred. The larger priority comes first.
CREATE TABLE greylisting (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account VARCHAR(100) NOT NULL DEFAULT '',
    priority TINYINT NOT NULL DEFAULT 0,
    sender VARCHAR(100) NOT NULL DEFAULT '',
    sender_priority TINYINT NOT NULL DEFAULT 0,
    comment VARCHAR(255) NOT NULL DEFAULT '',
    active TINYINT NOT NULL DEFAULT 1,
    UNIQUE (account, sender)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE INDEX idx_greylisting_comment ON greylisting (comment);

-- Who is not deferred.
CREATE TABLE greylisting_whitelists (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account VARCHAR(100) NOT NULL DEFAULT '',
    sender VARCHAR(100) NOT NULL DEFAULT '',
    comment VARCHAR(255) NOT NULL DEFAULT '',
    UNIQUE (account, sender)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE INDEX idx_greylisting_whitelists_comment ON greylisting_whitelists (comment);

-- Domains whose mail servers are looked up.
CREATE TABLE greylisting_whitelist_domains (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    UNIQUE (domain)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- Their servers. The comment names the domain.
CREATE TABLE greylisting_whitelist_domain_spf (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account VARCHAR(100) NOT NULL DEFAULT '',
    sender VARCHAR(100) NOT NULL DEFAULT '',
    comment VARCHAR(255) NOT NULL DEFAULT '',
    UNIQUE (account, sender)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE INDEX idx_greylisting_whitelist_domain_spf_comment ON greylisting_whitelist_domain_spf (comment);

-- iRedAPD's memory of who was deferred.
CREATE TABLE greylisting_tracking (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    sender VARCHAR(255) NOT NULL,
    recipient VARCHAR(255) NOT NULL,
    client_address VARCHAR(40) NOT NULL,
    sender_domain VARCHAR(255) NOT NULL DEFAULT '',
    rcpt_domain VARCHAR(255) NOT NULL DEFAULT '',
    init_time INT UNSIGNED NOT NULL DEFAULT 0,
    block_expired INT UNSIGNED NOT NULL DEFAULT 0,
    record_expired INT UNSIGNED NOT NULL DEFAULT 0,
    blocked_count BIGINT NOT NULL DEFAULT 0,
    passed TINYINT NOT NULL DEFAULT 0,
    UNIQUE (sender, recipient, client_address)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE INDEX idx_greylisting_tracking_sender_domain ON greylisting_tracking (sender_domain);

CREATE INDEX idx_greylisting_tracking_rcpt_domain ON greylisting_tracking (rcpt_domain);

CREATE INDEX idx_greylisting_tracking_client_address_passed ON greylisting_tracking (client_address, passed);

-- Clients by the names of their addresses; wb is W or B.
CREATE TABLE wblist_rdns (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    rdns VARCHAR(255) NOT NULL DEFAULT '',
    wb VARCHAR(10) NOT NULL DEFAULT 'B',
    UNIQUE (rdns)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE INDEX idx_wblist_rdns_wb ON wblist_rdns (wb);

CREATE TABLE srs_exclude_domains (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    UNIQUE (domain)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE senderscore_cache (
    client_address VARCHAR(40) NOT NULL DEFAULT '' PRIMARY KEY,
    score INT UNSIGNED DEFAULT 0,
    time INT UNSIGNED NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE INDEX idx_senderscore_cache_score ON senderscore_cache (score);

CREATE INDEX idx_senderscore_cache_time ON senderscore_cache (time);

-- What iRedAPD answered.
CREATE TABLE smtp_sessions (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    time_num INT UNSIGNED NOT NULL DEFAULT 0,
    action VARCHAR(20) NOT NULL DEFAULT '',
    reason VARCHAR(150) NOT NULL DEFAULT '',
    instance VARCHAR(40) NOT NULL DEFAULT '',
    client_address VARCHAR(40) NOT NULL DEFAULT '',
    client_name VARCHAR(255) NOT NULL DEFAULT '',
    reverse_client_name VARCHAR(255) NOT NULL DEFAULT '',
    helo_name VARCHAR(255) NOT NULL DEFAULT '',
    sender VARCHAR(255) NOT NULL DEFAULT '',
    sender_domain VARCHAR(255) NOT NULL DEFAULT '',
    sasl_username VARCHAR(255) NOT NULL DEFAULT '',
    sasl_domain VARCHAR(255) NOT NULL DEFAULT '',
    recipient VARCHAR(255) NOT NULL DEFAULT '',
    recipient_domain VARCHAR(255) NOT NULL DEFAULT '',
    encryption_protocol VARCHAR(20) NOT NULL DEFAULT '',
    encryption_cipher VARCHAR(50) NOT NULL DEFAULT '',
    server_address VARCHAR(40) NOT NULL DEFAULT '',
    server_port VARCHAR(10) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE INDEX idx_smtp_sessions_time ON smtp_sessions (time);

CREATE INDEX idx_smtp_sessions_time_num ON smtp_sessions (time_num);

CREATE INDEX idx_smtp_sessions_action ON smtp_sessions (action);

CREATE INDEX idx_smtp_sessions_reason ON smtp_sessions (reason);

CREATE INDEX idx_smtp_sessions_instance ON smtp_sessions (instance);

CREATE INDEX idx_smtp_sessions_client_address ON smtp_sessions (client_address);

CREATE INDEX idx_smtp_sessions_client_name ON smtp_sessions (client_name);

CREATE INDEX idx_smtp_sessions_reverse_client_name ON smtp_sessions (reverse_client_name);

CREATE INDEX idx_smtp_sessions_helo_name ON smtp_sessions (helo_name);

CREATE INDEX idx_smtp_sessions_sender ON smtp_sessions (sender);

CREATE INDEX idx_smtp_sessions_sender_domain ON smtp_sessions (sender_domain);

CREATE INDEX idx_smtp_sessions_sasl_username ON smtp_sessions (sasl_username);

CREATE INDEX idx_smtp_sessions_sasl_domain ON smtp_sessions (sasl_domain);

CREATE INDEX idx_smtp_sessions_recipient ON smtp_sessions (recipient);

CREATE INDEX idx_smtp_sessions_recipient_domain ON smtp_sessions (recipient_domain);

CREATE INDEX idx_smtp_sessions_encryption_protocol ON smtp_sessions (encryption_protocol);

CREATE INDEX idx_smtp_sessions_encryption_cipher ON smtp_sessions (encryption_cipher);

CREATE INDEX idx_smtp_sessions_server_address ON smtp_sessions (server_address);

CREATE INDEX idx_smtp_sessions_server_port ON smtp_sessions (server_port);

-- iRedMail ships greylisting switched on for everybody.
INSERT INTO greylisting (account, priority, sender, sender_priority, active) VALUES ('@.', 0, '@.', 0, 1);
