package graph

import (
	"encoding/json"
	"net/http"
)

// ParsePage is parsePage, for its fuzz test and its benchmark.
func ParsePage(body []byte, link string, objects []json.RawMessage) (items []json.RawMessage, count int, next string, err error) {
	p, err := parsePage(body, link, objects)
	return p.objects, p.count, p.next, err
}

// Compact says whether the objects of a page have no white space between their tokens.
func Compact(body []byte) bool {
	p, err := parsePage(body, "@odata.nextLink", nil)
	return err == nil && p.compact
}

// ValidJSON is validJSON.
func ValidJSON(body []byte) error { return validJSON(body) }

// NewGuard returns the guard of an origin, where one path may be posted to.
func NewGuard(origin, posts string, next http.RoundTripper) http.RoundTripper {
	return &guard{origin: origin, posts: posts, next: next}
}

// Clean is clean.
func Clean(text string, runes int) string { return clean(text, runes) }
