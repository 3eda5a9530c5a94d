package servertest

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Inventor makes values at random, of which each is what the contract asks for. Parameters that are added to the contract
// are invented without another word.
type Inventor struct {
	Random *rand.Rand
	Words  []string // what is tried wherever there is text
	fit    map[*openapi3.Schema][]string
}

func NewInventor(seed uint64, words ...string) *Inventor {
	return &Inventor{rand.New(rand.NewPCG(seed, seed)), words, map[*openapi3.Schema][]string{}}
}

// Pick returns one of several.
func Pick[T any](v *Inventor, from []T) T { return from[v.Random.IntN(len(from))] }

// OneIn is true once in n times.
func (v *Inventor) OneIn(n int) bool { return v.Random.IntN(n) == 0 }

// Value returns a value that the schema takes.
func (v *Inventor) Value(s *openapi3.Schema) any {
	if s.Nullable && v.OneIn(8) {
		return nil
	}
	for len(s.AllOf) == 1 && s.Type == nil {
		s = s.AllOf[0].Value
	}
	switch {
	case len(s.Enum) > 0:
		return Pick(v, s.Enum)
	case s.Type.Is("array"):
		items := []any{}
		for range v.Random.IntN(4) {
			items = append(items, v.Value(s.Items.Value))
		}
		return items
	case s.Type.Is("integer"):
		return v.whole(s)
	case s.Type.Is("number"):
		return float64(v.whole(s)) + float64(v.Random.IntN(2))/2
	case s.Type.Is("boolean"):
		return v.OneIn(2)
	}
	return v.text(s)
}

// whole returns a number within the bounds of a schema: often one of these or a small one.
func (v *Inventor) whole(s *openapi3.Schema) int64 {
	least, most := int64(-5), int64(1<<40)
	if s.Min != nil {
		least = int64(*s.Min)
	}
	if s.Max != nil {
		most = int64(*s.Max) - 1
	}
	return Pick(v, []int64{least, least + 1, most, max(least, min(most, 10)), max(least, min(most, v.Random.Int64N(5000)))})
}

// text returns one of the words that the schema takes, or its example.
func (v *Inventor) text(s *openapi3.Schema) string {
	fit, known := v.fit[s]
	if !known {
		for _, word := range v.Words {
			if s.VisitJSON(word) == nil {
				fit = append(fit, word)
			}
		}
		if example, ok := s.Example.(string); ok || len(fit) == 0 {
			fit = append(fit, example)
		}
		v.fit[s] = fit
	}
	return Pick(v, fit)
}

// BodyFor returns a body with a few of the parameters, of which no two are in conflict.
func (v *Inventor) BodyFor(op Operation, most int) Body {
	given := Body{}
	schema := op.RequestBody.Value.Content["application/json"].Schema.Value
	names := slices.Sorted(maps.Keys(schema.Properties))
	for range v.Random.IntN(most + 1) {
		name := Pick(v, names)
		given[name] = v.Value(schema.Properties[name].Value)
	}
	for _, name := range schema.Required {
		given[name] = v.Value(schema.Properties[name].Value)
	}
	for _, pair := range pairsOf(schema, "x-conflicts") {
		if _, both := given[pair[1]]; both && given[pair[0]] != nil {
			delete(given, pair[1])
		}
	}
	for _, pair := range pairsOf(schema, "x-needs") {
		if given[pair[0]] != nil && given[pair[1]] == nil {
			given[pair[1]] = v.Value(schema.Properties[pair[1]].Value)
		}
	}
	return given
}

func pairsOf(schema *openapi3.Schema, key string) [][2]string {
	var pairs [][2]string
	stated, _ := schema.Extensions[key].([]any)
	for _, item := range stated {
		pair := item.([]any)
		pairs = append(pairs, [2]string{pair[0].(string), pair[1].(string)})
	}
	return pairs
}
