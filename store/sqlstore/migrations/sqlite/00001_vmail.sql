-- iRedMail's account tables, as SQLite has them: the names are those that Postfix, Dovecot and iRedAPD ask for.
-- A date that is no point in time (birthday, delete_date) is text, so that it reads back as it was written. Of
-- iRedMail's indexes those on flags that are nearly always 1 are left out; those that lists and limits want are added.

-- +goose Up
CREATE TABLE admin (
    username VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    password VARCHAR(255) NOT NULL DEFAULT '',
    name VARCHAR(255) NOT NULL DEFAULT '',
    language VARCHAR(5) NOT NULL DEFAULT '',
    passwordlastchange DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    settings TEXT,
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE alias (
    address VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    name VARCHAR(255) NOT NULL DEFAULT '',
    accesspolicy VARCHAR(30) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX alias_domain_address ON alias (domain, address);

CREATE TABLE moderators (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address VARCHAR(255) NOT NULL DEFAULT '',
    moderator VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    dest_domain VARCHAR(255) NOT NULL DEFAULT '',
    UNIQUE (address, moderator)
);
CREATE INDEX moderators_moderator ON moderators (moderator);
CREATE INDEX moderators_domain ON moderators (domain);
CREATE INDEX moderators_dest_domain ON moderators (dest_domain);

CREATE TABLE maillist_owners (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address VARCHAR(255) NOT NULL DEFAULT '',
    owner VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    dest_domain VARCHAR(255) NOT NULL DEFAULT '',
    UNIQUE (address, owner)
);
CREATE INDEX maillist_owners_owner ON maillist_owners (owner);
CREATE INDEX maillist_owners_domain ON maillist_owners (domain);
CREATE INDEX maillist_owners_dest_domain ON maillist_owners (dest_domain);

-- Whoever gets mail stands here: users themselves, their forwardings and further addresses, members, catch-alls.
CREATE TABLE forwardings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address VARCHAR(255) NOT NULL DEFAULT '',
    forwarding VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    dest_domain VARCHAR(255) NOT NULL DEFAULT '',
    is_maillist INTEGER NOT NULL DEFAULT 0,
    is_list INTEGER NOT NULL DEFAULT 0,
    is_forwarding INTEGER NOT NULL DEFAULT 0,
    is_alias INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    UNIQUE (address, forwarding)
);
CREATE INDEX forwardings_forwarding ON forwardings (forwarding);
CREATE INDEX forwardings_domain ON forwardings (domain);
CREATE INDEX forwardings_dest_domain ON forwardings (dest_domain);

CREATE TABLE domain (
    domain VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    description TEXT,
    disclaimer TEXT,
    aliases INTEGER NOT NULL DEFAULT 0,
    mailboxes INTEGER NOT NULL DEFAULT 0,
    maillists INTEGER NOT NULL DEFAULT 0,
    maxquota BIGINT NOT NULL DEFAULT 0,
    quota BIGINT NOT NULL DEFAULT 0,
    transport VARCHAR(255) NOT NULL DEFAULT 'dovecot',
    backupmx INTEGER NOT NULL DEFAULT 0,
    settings TEXT,
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE alias_domain (
    alias_domain VARCHAR(255) NOT NULL PRIMARY KEY,
    target_domain VARCHAR(255) NOT NULL,
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX alias_domain_target_domain_alias_domain ON alias_domain (target_domain, alias_domain);

CREATE TABLE domain_admins (
    username VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (username, domain)
);
CREATE INDEX domain_admins_domain_username ON domain_admins (domain, username);

CREATE TABLE mailbox (
    username VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    password VARCHAR(255) NOT NULL DEFAULT '',
    name VARCHAR(255) NOT NULL DEFAULT '',
    language VARCHAR(5) NOT NULL DEFAULT '',
    first_name VARCHAR(255) NOT NULL DEFAULT '',
    last_name VARCHAR(255) NOT NULL DEFAULT '',
    mobile VARCHAR(255) NOT NULL DEFAULT '',
    telephone VARCHAR(255) NOT NULL DEFAULT '',
    recovery_email VARCHAR(255) NOT NULL DEFAULT '',
    birthday VARCHAR(10) NOT NULL DEFAULT '0001-01-01',
    mailboxformat VARCHAR(50) NOT NULL DEFAULT 'maildir',
    mailboxfolder VARCHAR(50) NOT NULL DEFAULT 'Maildir',
    storagebasedirectory VARCHAR(255) NOT NULL DEFAULT '/var/vmail',
    storagenode VARCHAR(255) NOT NULL DEFAULT 'vmail1',
    maildir VARCHAR(255) NOT NULL DEFAULT '',
    quota BIGINT NOT NULL DEFAULT 0,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    transport VARCHAR(255) NOT NULL DEFAULT '',
    department VARCHAR(255) NOT NULL DEFAULT '',
    rank VARCHAR(255) NOT NULL DEFAULT 'normal',
    employeeid VARCHAR(255) NOT NULL DEFAULT '',
    isadmin INTEGER NOT NULL DEFAULT 0,
    isglobaladmin INTEGER NOT NULL DEFAULT 0,
    enablesmtp INTEGER NOT NULL DEFAULT 1,
    enablesmtpsecured INTEGER NOT NULL DEFAULT 1,
    enablepop3 INTEGER NOT NULL DEFAULT 1,
    enablepop3secured INTEGER NOT NULL DEFAULT 1,
    enablepop3tls INTEGER NOT NULL DEFAULT 1,
    enableimap INTEGER NOT NULL DEFAULT 1,
    enableimapsecured INTEGER NOT NULL DEFAULT 1,
    enableimaptls INTEGER NOT NULL DEFAULT 1,
    enabledeliver INTEGER NOT NULL DEFAULT 1,
    enablelda INTEGER NOT NULL DEFAULT 1,
    enablemanagesieve INTEGER NOT NULL DEFAULT 1,
    enablemanagesievesecured INTEGER NOT NULL DEFAULT 1,
    enablesieve INTEGER NOT NULL DEFAULT 1,
    enablesievesecured INTEGER NOT NULL DEFAULT 1,
    enablesievetls INTEGER NOT NULL DEFAULT 1,
    enableinternal INTEGER NOT NULL DEFAULT 1,
    enabledoveadm INTEGER NOT NULL DEFAULT 1,
    "enablelib-storage" INTEGER NOT NULL DEFAULT 1,
    "enablequota-status" INTEGER NOT NULL DEFAULT 1,
    "enableindexer-worker" INTEGER NOT NULL DEFAULT 1,
    enablelmtp INTEGER NOT NULL DEFAULT 1,
    enabledsync INTEGER NOT NULL DEFAULT 1,
    enablesogo INTEGER NOT NULL DEFAULT 1,
    enablesogowebmail CHAR(1) NOT NULL DEFAULT 'y',
    enablesogocalendar CHAR(1) NOT NULL DEFAULT 'y',
    enablesogoactivesync CHAR(1) NOT NULL DEFAULT 'y',
    allow_nets TEXT DEFAULT NULL,
    disclaimer TEXT,
    settings TEXT,
    passwordlastchange DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX mailbox_domain_username ON mailbox (domain, username);
CREATE INDEX mailbox_domain_quota ON mailbox (domain, quota);
CREATE INDEX mailbox_isglobaladmin ON mailbox (isglobaladmin) WHERE isglobaladmin = 1;

CREATE TABLE maillists (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address VARCHAR(255) NOT NULL DEFAULT '' UNIQUE,
    domain VARCHAR(255) NOT NULL DEFAULT '',
    transport VARCHAR(255) NOT NULL DEFAULT '',
    accesspolicy VARCHAR(30) NOT NULL DEFAULT '',
    maxmsgsize BIGINT NOT NULL DEFAULT 0,
    name VARCHAR(255) NOT NULL DEFAULT '',
    description TEXT,
    mlid VARCHAR(36) NOT NULL DEFAULT '' UNIQUE,
    is_newsletter INTEGER NOT NULL DEFAULT 0,
    settings TEXT,
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX maillists_domain_address ON maillists (domain, address);

CREATE TABLE sender_bcc_domain (
    domain VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    bcc_address VARCHAR(255) NOT NULL DEFAULT '',
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX sender_bcc_domain_bcc_address ON sender_bcc_domain (bcc_address);

CREATE TABLE recipient_bcc_domain (
    domain VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    bcc_address VARCHAR(255) NOT NULL DEFAULT '',
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX recipient_bcc_domain_bcc_address ON recipient_bcc_domain (bcc_address);

CREATE TABLE sender_bcc_user (
    username VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    bcc_address VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX sender_bcc_user_bcc_address ON sender_bcc_user (bcc_address);
CREATE INDEX sender_bcc_user_domain ON sender_bcc_user (domain);

CREATE TABLE recipient_bcc_user (
    username VARCHAR(255) NOT NULL DEFAULT '' PRIMARY KEY,
    bcc_address VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    created DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    modified DATETIME NOT NULL DEFAULT '1970-01-01 01:01:01',
    expired DATETIME NOT NULL DEFAULT '9999-12-31 00:00:00',
    active INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX recipient_bcc_user_bcc_address ON recipient_bcc_user (bcc_address);
CREATE INDEX recipient_bcc_user_domain ON recipient_bcc_user (domain);

CREATE TABLE sender_relayhost (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account VARCHAR(255) NOT NULL DEFAULT '' UNIQUE,
    relayhost VARCHAR(255) NOT NULL DEFAULT ''
);

CREATE TABLE deleted_mailboxes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    username VARCHAR(255) NOT NULL DEFAULT '',
    domain VARCHAR(255) NOT NULL DEFAULT '',
    maildir VARCHAR(255) NOT NULL DEFAULT '',
    bytes BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0,
    admin VARCHAR(255) NOT NULL DEFAULT '',
    delete_date VARCHAR(10) DEFAULT NULL
);
CREATE INDEX deleted_mailboxes_username ON deleted_mailboxes (username);
CREATE INDEX deleted_mailboxes_domain ON deleted_mailboxes (domain);
CREATE INDEX deleted_mailboxes_delete_date ON deleted_mailboxes (delete_date);

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
DROP TABLE last_login;
DROP TABLE used_quota;
DROP TABLE anyone_shares;
DROP TABLE share_folder;
DROP TABLE deleted_mailboxes;
DROP TABLE sender_relayhost;
DROP TABLE recipient_bcc_user;
DROP TABLE sender_bcc_user;
DROP TABLE recipient_bcc_domain;
DROP TABLE sender_bcc_domain;
DROP TABLE maillists;
DROP TABLE mailbox;
DROP TABLE domain_admins;
DROP TABLE alias_domain;
DROP TABLE domain;
DROP TABLE forwardings;
DROP TABLE maillist_owners;
DROP TABLE moderators;
DROP TABLE alias;
DROP TABLE admin;
