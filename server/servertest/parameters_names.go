package servertest

// Texts are names as people have them.
var Texts = []string{
	"Zoë Müller", "Ωμέγα & Υιοί", "山田 太郎", "שלום", "🐝 Bee", `O'Brien "Bob" <b>; DROP TABLE x --`, `back\slash: a;b:c`,
}
