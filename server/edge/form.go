package edge

import (
	"encoding/json"
	"strconv"
	"strings"
)

// scalar turns a value of a form into the JSON that the schema asks for; ok is false when it counts as absent. A
// value that does not fit goes on as a string, so that the validator names it.
func (p *Parameter) scalar(value string, lenient bool) (raw json.RawMessage, ok bool) {
	if p.presence {
		return quote("yes"), true
	}
	if p.choice || p.pattern || p.kind != "string" {
		value = strings.TrimSpace(value)
	}
	if value == "" && p.nullable {
		return json.RawMessage("null"), true
	}
	if value == "" && (p.choice || p.kind != "string") {
		return quote(""), !lenient
	}
	switch p.kind {
	case "integer":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return json.RawMessage(strconv.FormatInt(n, 10)), true
		}
	case "number":
		if n, err := strconv.ParseFloat(value, 64); err == nil && n-n == 0 { // neither infinite nor NaN
			return json.RawMessage(strconv.FormatFloat(n, 'g', -1, 64)), true
		}
	}
	return quote(value), true
}

// splitList reads a list: comma-separated, a repeated name, or both. Empty items are none.
func splitList(sent []string) []string {
	items := []string{}
	seen := map[string]bool{}
	for _, value := range sent {
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" && !seen[item] {
				seen[item] = true
				items = append(items, item)
			}
		}
	}
	return items
}

// quote encodes text or a list of it, which never fails.
func quote(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}
