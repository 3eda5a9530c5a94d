package servertest

const ExampleCom = "/api/domain/example.com"
