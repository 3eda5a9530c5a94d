-- Which names of domains and alias domains have to be proven, or were: status is pending or proven. The other table is
-- iRedAdmin's of that name, for servers without that database; codes are kept in one of both.

-- +goose Up
CREATE TABLE name_marks (
    name VARCHAR(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
    domain VARCHAR(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
    admin VARCHAR(255) NOT NULL,
    status VARCHAR(10) NOT NULL,
    created DATETIME NOT NULL,
    PRIMARY KEY (name, domain)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE INDEX name_marks_domain ON name_marks (domain);
CREATE INDEX name_marks_status ON name_marks (status);

CREATE TABLE domain_ownership (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    admin VARCHAR(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
    domain VARCHAR(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
    alias_domain VARCHAR(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
    verify_code VARCHAR(100) NOT NULL DEFAULT '',
    verified TINYINT(1) NOT NULL DEFAULT 0,
    message TEXT,
    last_verify DATETIME NULL DEFAULT NULL,
    expire INTEGER DEFAULT 0,
    UNIQUE (admin, domain, alias_domain)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- +goose Down
DROP TABLE domain_ownership;
DROP TABLE name_marks;
