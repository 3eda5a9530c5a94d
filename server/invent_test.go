package server_test

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// inventor makes values at random, of which each is what the contract asks for. Parameters that are added to the contract
// are invented without another word.
type inventor struct {
	random *rand.Rand
	words  []string // what is tried wherever there is text
	fit    map[*openapi3.Schema][]string
}

func newInventor(seed uint64, words ...string) *inventor {
	return &inventor{rand.New(rand.NewPCG(seed, seed)), words, map[*openapi3.Schema][]string{}}
}

// pick returns one of several.
func pick[T any](v *inventor, from []T) T { return from[v.random.IntN(len(from))] }

// oneIn is true once in n times.
func (v *inventor) oneIn(n int) bool { return v.random.IntN(n) == 0 }

// value returns a value that the schema takes.
func (v *inventor) value(s *openapi3.Schema) any {
	if s.Nullable && v.oneIn(8) {
		return nil
	}
	for len(s.AllOf) == 1 && s.Type == nil {
		s = s.AllOf[0].Value
	}
	switch {
	case len(s.Enum) > 0:
		return pick(v, s.Enum)
	case s.Type.Is("array"):
		items := []any{}
		for range v.random.IntN(4) {
			items = append(items, v.value(s.Items.Value))
		}
		return items
	case s.Type.Is("integer"):
		return v.whole(s)
	case s.Type.Is("number"):
		return float64(v.whole(s)) + float64(v.random.IntN(2))/2
	case s.Type.Is("boolean"):
		return v.oneIn(2)
	}
	return v.text(s)
}

// whole returns a number within the bounds of a schema: often one of these or a small one.
func (v *inventor) whole(s *openapi3.Schema) int64 {
	least, most := int64(-5), int64(1<<40)
	if s.Min != nil {
		least = int64(*s.Min)
	}
	if s.Max != nil {
		most = int64(*s.Max) - 1
	}
	return pick(v, []int64{least, least + 1, most, max(least, min(most, 10)), max(least, min(most, v.random.Int64N(5000)))})
}

// text returns one of the words that the schema takes, or its example.
func (v *inventor) text(s *openapi3.Schema) string {
	fit, known := v.fit[s]
	if !known {
		for _, word := range v.words {
			if s.VisitJSON(word) == nil {
				fit = append(fit, word)
			}
		}
		if example, ok := s.Example.(string); ok || len(fit) == 0 {
			fit = append(fit, example)
		}
		v.fit[s] = fit
	}
	return pick(v, fit)
}

// bodyFor returns a body with a few of the parameters, of which no two are in conflict.
func (v *inventor) bodyFor(op operation, most int) body {
	given := body{}
	schema := op.RequestBody.Value.Content["application/json"].Schema.Value
	names := slices.Sorted(maps.Keys(schema.Properties))
	for range v.random.IntN(most + 1) {
		name := pick(v, names)
		given[name] = v.value(schema.Properties[name].Value)
	}
	for _, name := range schema.Required {
		given[name] = v.value(schema.Properties[name].Value)
	}
	for _, pair := range pairsOf(schema, "x-conflicts") {
		if _, both := given[pair[1]]; both && given[pair[0]] != nil {
			delete(given, pair[1])
		}
	}
	for _, pair := range pairsOf(schema, "x-needs") {
		if given[pair[0]] != nil && given[pair[1]] == nil {
			given[pair[1]] = v.value(schema.Properties[pair[1]].Value)
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
