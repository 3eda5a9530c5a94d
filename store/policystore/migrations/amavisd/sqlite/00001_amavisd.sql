-- The tables of Amavisd's database, as SQLite has them.

-- +goose Up
-- Accounts of this server that have a policy or a list. The larger priority comes first.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    priority INTEGER NOT NULL DEFAULT 7,
    policy_id INTEGER NOT NULL DEFAULT 1,
    email VARCHAR(255) NOT NULL UNIQUE,
    fullname VARCHAR(255) DEFAULT NULL
);

-- Whom the lists are about.
CREATE TABLE mailaddr (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    priority INTEGER NOT NULL DEFAULT 7,
    email VARCHAR(255) NOT NULL UNIQUE
);

-- rid is of users, sid of mailaddr; wb is W or B.
CREATE TABLE wblist (
    rid INTEGER NOT NULL,
    sid INTEGER NOT NULL,
    wb VARCHAR(10) NOT NULL,
    PRIMARY KEY (rid, sid)
);

-- rid is of mailaddr, sid of users; wb is W or B.
CREATE TABLE outbound_wblist (
    rid INTEGER NOT NULL,
    sid INTEGER NOT NULL,
    wb VARCHAR(10) NOT NULL,
    PRIMARY KEY (rid, sid)
);

-- The list of one account is read without looking at those of others.
CREATE INDEX postern_outbound_wblist_sid ON outbound_wblist (sid);

-- What is done with mail to an account. NULL leaves it to the next broader policy, '' is a value.
CREATE TABLE policy (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    policy_name VARCHAR(255) NOT NULL DEFAULT '',
    virus_lover CHAR(1) DEFAULT NULL,
    spam_lover CHAR(1) DEFAULT NULL,
    unchecked_lover CHAR(1) DEFAULT NULL,
    banned_files_lover CHAR(1) DEFAULT NULL,
    bad_header_lover CHAR(1) DEFAULT NULL,
    bypass_virus_checks CHAR(1) DEFAULT NULL,
    bypass_spam_checks CHAR(1) DEFAULT NULL,
    bypass_banned_checks CHAR(1) DEFAULT NULL,
    bypass_header_checks CHAR(1) DEFAULT NULL,
    virus_quarantine_to VARCHAR(64) DEFAULT NULL,
    spam_quarantine_to VARCHAR(64) DEFAULT NULL,
    banned_quarantine_to VARCHAR(64) DEFAULT NULL,
    unchecked_quarantine_to VARCHAR(64) DEFAULT NULL,
    bad_header_quarantine_to VARCHAR(64) DEFAULT NULL,
    clean_quarantine_to VARCHAR(64) DEFAULT NULL,
    archive_quarantine_to VARCHAR(64) DEFAULT NULL,
    spam_tag_level REAL DEFAULT NULL,
    spam_tag2_level REAL DEFAULT NULL,
    spam_tag3_level REAL DEFAULT NULL,
    spam_kill_level REAL DEFAULT NULL,
    spam_dsn_cutoff_level REAL DEFAULT NULL,
    spam_quarantine_cutoff_level REAL DEFAULT NULL,
    addr_extension_virus VARCHAR(64) DEFAULT NULL,
    addr_extension_spam VARCHAR(64) DEFAULT NULL,
    addr_extension_banned VARCHAR(64) DEFAULT NULL,
    addr_extension_bad_header VARCHAR(64) DEFAULT NULL,
    warnvirusrecip CHAR(1) DEFAULT NULL,
    warnbannedrecip CHAR(1) DEFAULT NULL,
    warnbadhrecip CHAR(1) DEFAULT NULL,
    newvirus_admin VARCHAR(64) DEFAULT NULL,
    virus_admin VARCHAR(64) DEFAULT NULL,
    banned_admin VARCHAR(64) DEFAULT NULL,
    bad_header_admin VARCHAR(64) DEFAULT NULL,
    spam_admin VARCHAR(64) DEFAULT NULL,
    spam_subject_tag VARCHAR(64) DEFAULT NULL,
    spam_subject_tag2 VARCHAR(64) DEFAULT NULL,
    spam_subject_tag3 VARCHAR(64) DEFAULT NULL,
    message_size_limit INTEGER DEFAULT NULL,
    banned_rulenames VARCHAR(64) DEFAULT NULL,
    disclaimer_options VARCHAR(64) DEFAULT NULL,
    forward_method VARCHAR(64) DEFAULT NULL,
    sa_userconf VARCHAR(64) DEFAULT NULL,
    sa_username VARCHAR(64) DEFAULT NULL
);

CREATE UNIQUE INDEX policy_idx_policy_name ON policy (policy_name);

-- Amavisd's own log of addresses. email_raw has no extension.
CREATE TABLE maddr (
    partition_tag INTEGER DEFAULT 0,
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email VARCHAR(255) NOT NULL,
    email_raw VARBINARY(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL,
    CONSTRAINT part_email UNIQUE (partition_tag, email)
);

CREATE INDEX maddr_idx_email ON maddr (email);

CREATE INDEX maddr_idx_email_raw ON maddr (email_raw);

CREATE INDEX maddr_idx_domain ON maddr (domain);

-- Amavisd's own log of messages. time_num is in seconds since the epoch, size in bytes.
CREATE TABLE msgs (
    partition_tag INTEGER DEFAULT 0,
    mail_id VARBINARY(16) NOT NULL,
    secret_id VARBINARY(16) DEFAULT '',
    am_id VARCHAR(20) NOT NULL,
    time_num INTEGER NOT NULL,
    time_iso CHAR(16) NOT NULL,
    sid INTEGER NOT NULL,
    policy VARCHAR(255) DEFAULT '',
    client_addr VARCHAR(255) DEFAULT '',
    size INTEGER NOT NULL,
    originating CHAR(1) NOT NULL DEFAULT ' ',
    content CHAR(1),
    quar_type CHAR(1),
    quar_loc VARBINARY(255) DEFAULT '',
    dsn_sent CHAR(1),
    spam_level REAL,
    message_id VARCHAR(255) DEFAULT '',
    from_addr VARBINARY(255) NOT NULL DEFAULT '',
    subject VARBINARY(1024) NOT NULL DEFAULT '',
    host VARCHAR(255) NOT NULL,
    PRIMARY KEY (partition_tag, mail_id)
);

CREATE INDEX msgs_idx_sid ON msgs (sid);

CREATE INDEX msgs_idx_mess_id ON msgs (message_id);

CREATE INDEX msgs_idx_time_num ON msgs (time_num);

CREATE INDEX msgs_idx_mail_id ON msgs (mail_id);

CREATE INDEX msgs_idx_content ON msgs (content);

CREATE INDEX msgs_idx_quar_type ON msgs (quar_type);

CREATE INDEX msgs_idx_content_time_num ON msgs (content, time_num);

CREATE INDEX msgs_idx_spam_level ON msgs (spam_level);

CREATE INDEX msgs_idx_time_iso ON msgs (time_iso);

-- What became of each recipient of a message.
CREATE TABLE msgrcpt (
    partition_tag INTEGER DEFAULT 0,
    mail_id VARBINARY(16) NOT NULL,
    rseqnum INTEGER NOT NULL DEFAULT 0,
    rid INTEGER NOT NULL,
    is_local CHAR(1) NOT NULL DEFAULT ' ',
    content CHAR(1) NOT NULL DEFAULT ' ',
    ds CHAR(1) NOT NULL,
    rs CHAR(1) NOT NULL,
    bl CHAR(1) DEFAULT ' ',
    wl CHAR(1) DEFAULT ' ',
    bspam_level REAL,
    smtp_resp VARCHAR(255) DEFAULT '',
    PRIMARY KEY (partition_tag, mail_id, rseqnum)
);

CREATE INDEX msgrcpt_idx_mail_id ON msgrcpt (mail_id);

CREATE INDEX msgrcpt_idx_rid ON msgrcpt (rid);

-- Messages that are kept back, in pieces.
CREATE TABLE quarantine (
    partition_tag INTEGER DEFAULT 0,
    mail_id VARBINARY(16) NOT NULL,
    chunk_ind INTEGER NOT NULL,
    mail_text BLOB NOT NULL,
    PRIMARY KEY (partition_tag, mail_id, chunk_ind)
);

CREATE INDEX quar_idx_mail_id ON quarantine (mail_id);

-- The policy of everybody as iRedMail ships it: viruses and banned files are kept back, all checks run.
INSERT INTO policy (policy_name, spam_lover, virus_lover, banned_files_lover, bad_header_lover, bypass_spam_checks,
    bypass_virus_checks, bypass_banned_checks, bypass_header_checks, spam_quarantine_to, virus_quarantine_to,
    banned_quarantine_to, bad_header_quarantine_to)
VALUES ('@.', 'Y', 'N', 'N', 'Y', 'N', 'N', 'N', 'N', '', 'virus-quarantine', 'banned-quarantine', '');

INSERT INTO users (priority, policy_id, email) SELECT 0, id, '@.' FROM policy WHERE policy_name = '@.';

-- +goose Down
DROP TABLE quarantine;
DROP TABLE msgrcpt;
DROP TABLE msgs;
DROP TABLE maddr;
DROP TABLE policy;
DROP TABLE outbound_wblist;
DROP TABLE wblist;
DROP TABLE mailaddr;
DROP TABLE users;
