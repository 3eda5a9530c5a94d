package servertest

const AnnaPath, BenPath = "/api/user/anna@example.com", "/api/user/ben@example.com"
