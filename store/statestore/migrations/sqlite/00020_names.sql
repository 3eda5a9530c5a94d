-- Which names of domains and alias domains have to be proven, or were: status is pending or proven. The other table is
-- iRedAdmin's of that name, for servers without that database; codes are kept in one of both.

-- +goose Up
CREATE TABLE name_marks (
    name VARCHAR(255) NOT NULL,
    domain VARCHAR(255) NOT NULL,
    admin VARCHAR(255) NOT NULL,
    status VARCHAR(10) NOT NULL,
    created TIMESTAMP NOT NULL,
    PRIMARY KEY (name, domain)
);
CREATE INDEX name_marks_domain ON name_marks (domain);
CREATE INDEX name_marks_status ON name_marks (status);

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

-- +goose Down
DROP TABLE domain_ownership;
DROP TABLE name_marks;
